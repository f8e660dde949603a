using System.Collections.Immutable;
using Akka.Actor;
using Chronos.Actors.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Actors.Jobs;

/// <summary>The reader of one timetable's agenda, on the dispatcher that it has in production.</summary>
[Trait("speed", "slow")]
public sealed class AgendaReaderTests : IAsyncLifetime
{
    private static readonly DateTimeOffset From = Given.Time("2026-11-24T05:00:00Z");
    private static readonly DateTimeOffset To = From.AddHours(3);

    /// <summary>From 06:00 on 81 slots of one job fire at one instant (those of 4 hours that its calendar moves there), together with some of another; a third fires between.</summary>
    private static readonly ImmutableArray<AgendaSource> Sources =
    [
        Source("moved", Tests.Core.Calendars.Calendars.Schedule("*/3 * * * *", "UTC", Tests.Core.Calendars.Calendars.Valid("""{"name":"night","on_excluded":"next_open","weekly":[{"days":["mon-sun"],"from":"02:00","to":"06:00"}]}"""))),
        Source("also", Tests.Core.Calendars.Calendars.Schedule("*/9 * * * *", "UTC", Tests.Core.Calendars.Calendars.Valid("""{"name":"night","on_excluded":"next_open","weekly":[{"days":["mon-sun"],"from":"02:00","to":"06:00"}]}"""))),
        Source("often", Given.Valid("*/10 * * * *")),
    ];

    private readonly TemporaryFolder _folder = new();
    private JobsHarness _node = null!;

    public async ValueTask InitializeAsync() => _node = await JobsHarness.Start(_folder.Location);

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>The rows of one job at one instant are more than a page: none is lost and none comes twice, also where another node reads on.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(7, false)]
    [InlineData(80, false)]
    [InlineData(500, false)]
    [InlineData(1, true)]
    [InlineData(7, true)]
    [InlineData(80, true)]
    public async Task Pages_of_any_size_are_together_the_agenda(int size, bool readOnElsewhere)
    {
        var expected = Whole();
        Assert.InRange(expected.Count(r => r.Name == "moved" && r.FiresAt == Given.Time("2026-11-24T06:00:00Z")), 81, 90);
        var rows = new List<AgendaRow>();
        var reader = Reader();
        for (var end = AgendaEnd.More; end == AgendaEnd.More;)
        {
            var page = await Read(reader, rows.Count == 0 ? null : rows[^1], size);
            Assert.InRange(page.Rows.Length, page.End == AgendaEnd.Complete ? 0 : size, size);
            rows.AddRange(page.Rows);
            (reader, end) = (readOnElsewhere ? Reader() : reader, page.End);
        }

        Assert.Equal(expected, rows);
    }

    [Fact]
    public async Task A_page_that_is_asked_for_again_comes_again()
    {
        var reader = Reader();
        var first = await Read(reader, null, 10);
        var second = await Read(reader, first.Rows[^1], 10);
        Assert.Equal(second.Rows, (await Read(reader, first.Rows[^1], 10)).Rows);
        Assert.Equal(Whole().Take(30), first.Rows.Concat(second.Rows).Concat((await Read(reader, second.Rows[^1], 10)).Rows));
    }

    [Fact]
    public async Task It_ends_when_all_is_read_or_nobody_reads_on()
    {
        var read = Reader();
        Assert.Equal(AgendaEnd.Complete, (await Read(read, null, 500)).End);
        var left = Reader();
        Assert.Equal(AgendaEnd.More, (await Read(left, null, 10)).End);
        left.Tell(new AgendaPlanning.EndAgenda(0, "session"));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Assert.True(await read.WatchAsync(patience.Token));
        Assert.True(await left.WatchAsync(patience.Token));
    }

    private static List<AgendaRow> Whole()
    {
        var (agenda, rows) = (new Agenda(Sources, From, To), new List<AgendaRow>());
        while (agenda.Next() is { } row)
        {
            rows.Add(row);
        }

        return rows;
    }

    private static AgendaSource Source(string name, Schedule schedule) => new(JobId.For(TenantId.Default, name), name, schedule, From.AddHours(-5), null);

    private IActorRef Reader() => _node.System.ActorOf(Props.Create(() => new AgendaReader(Sources)).WithDispatcher(AgendaReader.Dispatcher));

    private static Task<AgendaPlanning.AgendaPage> Read(IActorRef reader, AgendaRow? after, int limit) =>
        reader.Ask<AgendaPlanning.AgendaPage>(new AgendaPlanning.ReadAgenda(0, TenantId.Default, "session", From, To, after, limit), TimeSpan.FromSeconds(10));
}
