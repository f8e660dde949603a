using Chronos.Actors.Dispatching.Http;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

public sealed class ConnectionPaceTests : IDisposable
{
    private const string Target = "http://target:80";
    private readonly ConnectionPace _pace = new(4, new ManualTime());

    public void Dispose() => _pace.Dispose();

    [Fact]
    public async Task Some_go_at_once_and_the_others_in_turn_as_answers_come()
    {
        var all = Enter(6);
        Assert.Equal(4, Going(all));
        _pace.Leave(Target);
        await all[4];
        Assert.Equal(5, Going(all));
    }

    [Fact]
    public async Task A_target_that_has_never_answered_gets_twice_as_many_only_after_some_steps()
    {
        var all = Enter(40);
        for (var look = 1; look <= 3; look++)
        {
            _pace.Look();
            Assert.Equal(4, Going(all));
        }

        _pace.Look();
        await Task.WhenAll(all[..8]);
        _pace.Look();
        await Task.WhenAll(all[..16]);
        _pace.Leave(Target);
        _pace.Look();
        await Task.WhenAll(all[..33]);
    }

    [Fact]
    public async Task A_target_that_does_not_answer_at_once_gets_twice_as_many_at_each_step()
    {
        await AnswersOnce();
        var all = Enter(40);
        _pace.Look();
        await Task.WhenAll(all[..8]);
        Assert.Equal(8, Going(all));
        _pace.Look();
        _pace.Look();
        _pace.Look();
        await Task.WhenAll(all);
    }

    [Fact]
    public async Task A_target_that_answers_fast_gets_no_more_until_others_have_waited_for_some_steps()
    {
        var all = Enter(60);
        for (var look = 1; look <= 3; look++)
        {
            await Answer(all, 4, going: 4 + (4 * look));
            _pace.Look();
            Assert.Equal(4 + (4 * look), Going(all));
        }

        await Answer(all, 4, going: 20);
        _pace.Look();
        await Task.WhenAll(all[..22]);
        Assert.Equal(22, Going(all));
    }

    [Fact]
    public async Task What_is_cancelled_while_it_waits_takes_no_place()
    {
        using var cancel = new CancellationTokenSource();
        var all = Enter(4);
        var cancelled = _pace.EnterAsync(Target, cancel.Token);
        var next = _pace.EnterAsync(Target, CancellationToken.None);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        _pace.Leave(Target);
        await next;
        Assert.Equal(4, Going(all));
    }

    [Fact]
    public void Targets_have_nothing_to_do_with_each_other()
    {
        Enter(5);
        Assert.True(_pace.EnterAsync("http://other:80", CancellationToken.None).IsCompletedSuccessfully);
    }

    private async Task AnswersOnce()
    {
        await _pace.EnterAsync(Target, CancellationToken.None);
        _pace.Leave(Target);
        _pace.Look();
    }

    private Task[] Enter(int count) => [.. Enumerable.Range(0, count).Select(_ => _pace.EnterAsync(Target, CancellationToken.None))];

    private async Task Answer(Task[] all, int count, int going)
    {
        for (var i = 0; i < count; i++)
        {
            _pace.Leave(Target);
        }

        await Task.WhenAll(all[..going]);
    }

    private static int Going(Task[] all) => all.Count(t => t.IsCompletedSuccessfully);
}
