using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Jobs;

/// <summary>
/// Attempts of one timetable on their way to the dispatchers: offered in order, held back while a pool is full, and watched until
/// they are reported. Not durable: the claims are, and a recovery offers them again.
/// </summary>
/// <remarks>
/// Once refused, a lane keeps no more on their way than the pool took, and asks for a little more with each that ends. Without that
/// all timetables would offer their whole backlog to each free place, and nearly all of it in vain.
/// </remarks>
internal sealed class OfferQueue(Func<Protocol, IActorRef> dispatcher, IActorRef self, TimeProvider time)
{
    /// <summary>Offers made before the mailbox is looked at again, so that refusals are seen early.</summary>
    private const int Burst = 128;

    /// <summary>How much a lane's window grows with each attempt that ends.</summary>
    private const double Growth = 0.25;

    /// <summary>What a lane may try beyond its window when there is room again.</summary>
    private const int Trial = 2;

    /// <summary>How long after its own timeout a silent attempt is given up.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    private readonly Dictionary<Protocol, Lane> _lanes = [];
    private readonly Dictionary<ExecutionId, (AttemptRequest Attempt, DateTimeOffset Since, long Stamp)> _offered = [];

    public void Add(AttemptRequest attempt) => LaneOf(attempt.Target.Protocol).Waiting.AddLast(attempt);

    public void OfferAll()
    {
        foreach (var protocol in _lanes.Keys.ToArray())
        {
            Offer(protocol);
        }
    }

    public void Offer(Protocol protocol)
    {
        var lane = LaneOf(protocol);
        for (var n = 0; n < Burst && lane.MayOffer && lane.Waiting.First is { } next; n++)
        {
            lane.Waiting.RemoveFirst();
            lane.Out++;
            if (_offered.TryGetValue(next.Value.Execution, out var earlier))
            {
                LaneOf(earlier.Attempt.Target.Protocol).Out--;
            }

            _offered[next.Value.Execution] = (next.Value, time.GetUtcNow(), time.GetTimestamp());
            dispatcher(protocol).Tell(new DispatchProtocol.Offer(next.Value), self);
        }

        if (lane.MayOffer && lane.Waiting.Count > 0 && !lane.MoreIsCalled)
        {
            lane.MoreIsCalled = true;
            self.Tell(new More(protocol));
        }
    }

    /// <summary>Goes on after the mailbox was looked at.</summary>
    public void GoOn(Protocol protocol)
    {
        LaneOf(protocol).MoreIsCalled = false;
        Offer(protocol);
    }

    public void Refused(AttemptRequest attempt)
    {
        var lane = LaneOf(attempt.Target.Protocol);
        lane.IsFull = true;
        if (_offered.TryGetValue(attempt.Execution, out var offered) && offered.Attempt.Attempt == attempt.Attempt)
        {
            _offered.Remove(attempt.Execution);
            lane.Out--;
            lane.Returned.Enqueue(attempt);
        }

        lane.Window = lane.Out;
    }

    public void Resume(Protocol protocol)
    {
        var lane = LaneOf(protocol);
        lane.IsFull = false;
        lane.Window += Trial;
        foreach (var attempt in lane.Returned.Reverse())
        {
            lane.Waiting.AddFirst(attempt);
        }

        lane.Returned.Clear();
        Offer(protocol);
    }

    public void Ended(ExecutionId execution, int attempt)
    {
        if (_offered.TryGetValue(execution, out var offered) && offered.Attempt.Attempt <= attempt)
        {
            _offered.Remove(execution);
            Left(offered.Attempt.Target.Protocol);
        }
    }

    /// <summary>Takes back an attempt that no dispatcher has; null when one may have it.</summary>
    public AttemptRequest? Withdraw(ExecutionId execution)
    {
        foreach (var lane in _lanes.Values)
        {
            if (lane.Waiting.FirstOrDefault(a => a.Execution == execution) is { } waiting)
            {
                lane.Waiting.Remove(waiting);
                return waiting;
            }

            if (lane.Returned.FirstOrDefault(a => a.Execution == execution) is { } returned)
            {
                lane.Returned = new Queue<AttemptRequest>(lane.Returned.Where(a => a != returned));
                return returned;
            }
        }

        return null;
    }

    public IReadOnlyList<(AttemptRequest Attempt, DateTimeOffset Since)> TakeOverdue()
    {
        // By elapsed time: a clock that is set forward makes no attempt overdue.
        var overdue = _offered.Values.Where(o => time.GetElapsedTime(o.Stamp) > o.Attempt.Timeout + Silence).ToList();
        overdue.ForEach(o =>
        {
            _offered.Remove(o.Attempt.Execution);
            Left(o.Attempt.Target.Protocol);
        });
        return [.. overdue.Select(o => (o.Attempt, o.Since))];
    }

    /// <summary>One is on its way no more: there may be room for the next.</summary>
    private void Left(Protocol protocol)
    {
        var lane = LaneOf(protocol);
        lane.Out--;
        if (lane.Waiting.Count == 0)
        {
            // Nothing presses; the next burst finds out anew how much the pool takes.
            lane.Window = lane.Returned.Count == 0 ? double.PositiveInfinity : lane.Window;
            return;
        }

        lane.Window += Growth;
        Offer(protocol);
    }

    private Lane LaneOf(Protocol protocol)
    {
        if (!_lanes.TryGetValue(protocol, out var lane))
        {
            _lanes.Add(protocol, lane = new Lane());
        }

        return lane;
    }

    /// <summary>Go on offering.</summary>
    internal sealed record More(Protocol Protocol) : INoSerializationVerificationNeeded;

    private sealed class Lane
    {
        public LinkedList<AttemptRequest> Waiting { get; } = [];

        public Queue<AttemptRequest> Returned { get; set; } = [];

        public bool IsFull { get; set; }

        /// <summary>Attempts of this lane that a dispatcher may have.</summary>
        public int Out { get; set; }

        /// <summary>How many of them there may be; without limit until the pool refuses one.</summary>
        public double Window { get; set; } = double.PositiveInfinity;

        public bool MayOffer => !IsFull && Out < Math.Max(1, Window);

        public bool MoreIsCalled { get; set; }
    }
}
