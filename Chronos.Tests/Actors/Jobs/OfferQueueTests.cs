using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Jobs;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Actors.Jobs;

/// <summary>What a timetable offers to a pool that is smaller than its backlog.</summary>
public sealed class OfferQueueTests
{
    private const int Backlog = 2_000;
    private readonly Ear _pool = new();
    private readonly Ear _self = new();
    private readonly OfferQueue _queue;
    private readonly Queue<AttemptRequest> _running = [];
    private readonly List<ExecutionId> _ended = [];
    private int _heard;
    private bool _refused;

    public OfferQueueTests() => _queue = new OfferQueue(_ => _pool, _self, TimeProvider.System);

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(300)]
    [InlineData(5_000)]
    public void A_backlog_passes_through_a_small_pool_with_few_offers_in_vain(int capacity)
    {
        for (var n = 0; n < Backlog; n++)
        {
            _queue.Add(Attempt(n));
        }

        _queue.OfferAll();
        while (Listen(capacity) || _running.Count > 0)
        {
            if (_running.TryDequeue(out var done))
            {
                _ended.Add(done.Execution);
                _queue.Ended(done.Execution, done.Attempt);
            }

            if (_refused && _running.Count < capacity)
            {
                _refused = false;
                _queue.Resume(FlowLine.Of(Attempt(0)));
            }
        }

        Assert.Equal(Backlog, _ended.Distinct().Count());
        Assert.Equal(Backlog, _ended.Count);
        Assert.True(_pool.Heard.Count < 5 * Backlog, $"{_pool.Heard.Count} offers for {Backlog} attempts");
    }

    [Fact]
    public void A_target_that_takes_nothing_holds_back_no_other()
    {
        var hangs = new DispatchTarget(Protocol.Http, """{"url":"http://hangs/"}""");
        var well = new DispatchTarget(Protocol.Http, """{"url":"http://well/"}""");
        for (var n = 0; n < 500; n++)
        {
            _queue.Add(Attempt(n) with { Target = hangs });
        }

        _queue.OfferAll();
        foreach (var offer in _pool.Heard.OfType<DispatchProtocol.Offer>().ToList())
        {
            _queue.Refused(offer.Attempt);
        }

        _pool.Heard.Clear();
        _queue.Add(Attempt(1_000) with { Target = well });
        _queue.OfferAll();
        Assert.Equal(well, Assert.IsType<DispatchProtocol.Offer>(Assert.Single(_pool.Heard)).Attempt.Target);
    }

    [Fact]
    public void A_flood_of_one_job_does_not_make_another_wait_for_its_end()
    {
        var flood = JobId.For(TenantId.Default, "flood");
        for (var n = 0; n < 100; n++)
        {
            _queue.Add(Attempt(n) with { Job = flood, Execution = ExecutionId.ForSlot(flood, DateTimeOffset.UnixEpoch.AddSeconds(n)) });
        }

        _queue.OfferAll();
        foreach (var offer in _pool.Heard.OfType<DispatchProtocol.Offer>().Skip(4).ToList())
        {
            _queue.Refused(offer.Attempt);
        }

        _queue.Add(Attempt(1));
        _pool.Heard.Clear();
        _queue.Resume(FlowLine.Of(Attempt(1)));
        Assert.Contains(_pool.Heard.OfType<DispatchProtocol.Offer>(), offer => offer.Attempt.JobName == "job-1" && offer.Attempt.Job != flood);
        Assert.InRange(_pool.Heard.Count, 1, 10);
    }

    [Fact]
    public void What_is_given_up_as_lost_makes_room_for_the_next()
    {
        var time = new Clock();
        var queue = new OfferQueue(_ => _pool, _self, time);
        for (var n = 0; n < 3; n++)
        {
            queue.Add(Attempt(n));
        }

        queue.OfferAll();
        queue.Refused(Attempt(1));
        queue.Refused(Attempt(2));
        queue.Resume(FlowLine.Of(Attempt(0)));
        queue.Refused(Attempt(1));
        queue.Refused(Attempt(2));
        time.Now += TimeSpan.FromHours(1);

        // It is asked for first: it may wait for a limit.
        Assert.Empty(queue.TakeOverdue());
        Assert.Single(_pool.Heard.OfType<DispatchProtocol.Ask>());
        Assert.Single(queue.TakeOverdue());
        queue.Resume(FlowLine.Of(Attempt(0)));
        Assert.Equal(7, _pool.Heard.OfType<DispatchProtocol.Offer>().Count());
    }

    /// <summary>The pool takes what it can of what it heard since; whether there was something.</summary>
    private bool Listen(int capacity)
    {
        var before = _heard;
        while (_heard < _pool.Heard.Count)
        {
            var attempt = ((DispatchProtocol.Offer)_pool.Heard[_heard++]).Attempt;
            if (_running.Count < capacity)
            {
                _running.Enqueue(attempt);
            }
            else
            {
                _refused = true;
                _queue.Refused(attempt);
            }
        }

        foreach (var more in _self.Heard.OfType<OfferQueue.More>().ToList())
        {
            _self.Heard.Remove(more);
            _queue.GoOn(more.Line);
        }

        return _heard > before || _heard < _pool.Heard.Count;
    }

    private static AttemptRequest Attempt(int n)
    {
        var job = JobId.For(TenantId.Default, $"job-{n}");
        return new AttemptRequest(
            TenantId.Default, job, $"job-{n}", 1, ExecutionId.ForSlot(job, DateTimeOffset.UnixEpoch), 1, DateTimeOffset.UnixEpoch,
            new DispatchTarget(Protocol.Http, "{}"), null, TimeSpan.FromSeconds(10), [], System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty, "");
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.UtcTicks;
    }

    private sealed class Ear : MinimalActorRef
    {
        public List<object> Heard { get; } = [];

        public override ActorPath Path { get; } = new RootActorPath(Address.AllSystems) / "ear";

        public override IActorRefProvider Provider => throw new NotSupportedException("nobody asks an ear");

        protected override void TellInternal(object message, IActorRef sender) => Heard.Add(message);
    }
}
