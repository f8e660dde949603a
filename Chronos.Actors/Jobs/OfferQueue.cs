using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Jobs;

/// <summary>
/// Attempts of one timetable on their way to the dispatchers: offered line by line and there job by job in turn, held back while a line
/// is full, and watched until they are reported. Not durable: the claims are, and a recovery offers them again.
/// </summary>
/// <remarks>
/// Once refused, a line keeps no more on their way than the pool took, and asks for a little more with each that ends. Without that
/// all timetables would offer their whole backlog to each free place, and nearly all of it in vain. A target that takes nothing fills its
/// own lines only.
/// </remarks>
internal sealed class OfferQueue(Func<Protocol, IActorRef> dispatcher, IActorRef self, TimeProvider time)
{
    /// <summary>Offers made before the mailbox is looked at again, so that refusals are seen early.</summary>
    private const int Burst = 128;

    /// <summary>How much a line's window grows with each attempt that ends.</summary>
    private const double Growth = 0.25;

    /// <summary>What a line may try beyond its window when there is room again.</summary>
    private const int Trial = 2;

    /// <summary>How long after its own timeout a silent attempt is asked for.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    private readonly Dictionary<FlowLine, Lane> _lanes = [];
    private readonly HashSet<Lane> _touched = [];
    private readonly Dictionary<ExecutionId, Offered> _offered = [];

    public void Add(AttemptRequest attempt)
    {
        var lane = LaneOf(FlowLine.Of(attempt));
        lane.Waiting.Add(attempt.Job, attempt);
        _touched.Add(lane);
    }

    /// <summary>Offers what was added since the last time.</summary>
    public void OfferAll()
    {
        foreach (var lane in _touched)
        {
            Offer(lane);
        }

        _touched.Clear();
    }

    /// <summary>Goes on after the mailbox was looked at.</summary>
    public void GoOn(FlowLine line)
    {
        if (_lanes.TryGetValue(line, out var lane))
        {
            lane.MoreIsCalled = false;
            Offer(lane);
        }
    }

    public void Refused(AttemptRequest attempt)
    {
        var lane = LaneOf(FlowLine.Of(attempt));
        lane.IsFull = true;
        if (_offered.TryGetValue(attempt.Execution, out var offered) && offered.Attempt.Attempt == attempt.Attempt)
        {
            _offered.Remove(attempt.Execution);
            offered.Lane.Out--;
            lane.Returned.Push(attempt);
        }

        lane.Window = lane.Out;
    }

    public void Resume(FlowLine line)
    {
        if (!_lanes.TryGetValue(line, out var lane))
        {
            return;
        }

        lane.IsFull = false;
        lane.Window += Trial;
        while (lane.Returned.TryPop(out var attempt))
        {
            lane.Waiting.PutBack(attempt.Job, attempt);
        }

        Offer(lane);
        Forget(lane);
    }

    public void Ended(ExecutionId execution, int attempt)
    {
        if (_offered.TryGetValue(execution, out var offered) && offered.Attempt.Attempt <= attempt)
        {
            _offered.Remove(execution);
            Left(offered.Lane);
        }
    }

    /// <summary>Whether a dispatcher may have it.</summary>
    public bool IsOffered(ExecutionId execution) => _offered.ContainsKey(execution);

    /// <summary>Takes back an attempt that no dispatcher has; null when one may have it.</summary>
    public AttemptRequest? Withdraw(ExecutionId execution)
    {
        foreach (var lane in _lanes.Values)
        {
            if (lane.Waiting.Remove(execution.Job, a => a.Execution == execution, out var waiting))
            {
                Forget(lane);
                return waiting;
            }

            if (lane.Returned.FirstOrDefault(a => a.Execution == execution) is { } returned)
            {
                lane.Returned = new Stack<AttemptRequest>(lane.Returned.Where(a => a != returned).Reverse());
                Forget(lane);
                return returned;
            }
        }

        return null;
    }

    /// <summary>
    /// Attempts that nobody has: silent for long, and not answered for when they were asked for, one look ago. What waits for a limit is
    /// answered for.
    /// </summary>
    public IReadOnlyList<(AttemptRequest Attempt, DateTimeOffset Since)> TakeOverdue()
    {
        // By elapsed time: a clock that is set forward makes no attempt overdue.
        var overdue = _offered.Values.Where(o => time.GetElapsedTime(o.Stamp) > o.Attempt.Timeout + Silence).ToList();
        foreach (var offered in overdue.Where(o => !o.IsAskedFor))
        {
            dispatcher(offered.Attempt.Target.Protocol).Tell(new DispatchProtocol.Ask(offered.Attempt.Target.Protocol, offered.Attempt.Execution, offered.Attempt.Attempt), self);
        }

        var lost = overdue.Where(o => o.IsAskedFor).ToList();
        overdue.ForEach(o => o.IsAskedFor = true);
        lost.ForEach(o =>
        {
            _offered.Remove(o.Attempt.Execution);
            Left(o.Lane);
        });
        return [.. lost.Select(o => (o.Attempt, o.Since))];
    }

    /// <summary>A pool has it: its time runs from when it left, or not yet.</summary>
    public void Held(DispatchProtocol.Held held)
    {
        if (_offered.TryGetValue(held.Execution, out var offered) && offered.Attempt.Attempt == held.Attempt)
        {
            offered.Stamp = time.GetTimestamp() - (long)((held.RunsFor ?? TimeSpan.Zero).TotalSeconds * time.TimestampFrequency);
            offered.IsAskedFor = time.GetElapsedTime(offered.Stamp) > offered.Attempt.Timeout + Silence;
        }
    }

    private void Offer(Lane lane)
    {
        for (var n = 0; n < Burst && lane.MayOffer && lane.Waiting.TryTake(out var next); n++)
        {
            lane.Out++;
            if (_offered.TryGetValue(next.Execution, out var earlier))
            {
                earlier.Lane.Out--;
                if (earlier.Lane != lane)
                {
                    Forget(earlier.Lane);
                }
            }

            _offered[next.Execution] = new Offered(next, lane, time.GetUtcNow()) { Stamp = time.GetTimestamp() };
            dispatcher(next.Target.Protocol).Tell(new DispatchProtocol.Offer(next), self);
        }

        if (lane.MayOffer && lane.Waiting.Count > 0 && !lane.MoreIsCalled)
        {
            lane.MoreIsCalled = true;
            self.Tell(new More(lane.Line));
        }
    }

    /// <summary>One is on its way no more: there may be room for the next.</summary>
    private void Left(Lane lane)
    {
        lane.Out--;
        if (lane.Waiting.Count == 0)
        {
            // Nothing presses; the next burst finds out anew how much the pool takes.
            lane.Window = lane.Returned.Count == 0 ? double.PositiveInfinity : lane.Window;
            Forget(lane);
            return;
        }

        lane.Window += Growth;
        Offer(lane);
    }

    private Lane LaneOf(FlowLine line)
    {
        if (!_lanes.TryGetValue(line, out var lane))
        {
            _lanes.Add(line, lane = new Lane(line));
        }

        return lane;
    }

    private void Forget(Lane lane)
    {
        if (lane is { Out: 0, Waiting.Count: 0, Returned.Count: 0 })
        {
            _lanes.Remove(lane.Line);
        }
    }

    /// <summary>Go on offering.</summary>
    internal sealed record More(FlowLine Line) : INoSerializationVerificationNeeded;

    private sealed class Offered(AttemptRequest attempt, Lane lane, DateTimeOffset since)
    {
        public AttemptRequest Attempt { get; } = attempt;

        public Lane Lane { get; } = lane;

        public DateTimeOffset Since { get; } = since;

        public long Stamp { get; set; }

        public bool IsAskedFor { get; set; }
    }

    private sealed class Lane(FlowLine line)
    {
        public FlowLine Line { get; } = line;

        public FairQueue<AttemptRequest> Waiting { get; } = new();

        public Stack<AttemptRequest> Returned { get; set; } = [];

        public bool IsFull { get; set; }

        /// <summary>Attempts of this line that a dispatcher may have.</summary>
        public int Out { get; set; }

        /// <summary>How many of them there may be; without limit until the pool refuses one.</summary>
        public double Window { get; set; } = double.PositiveInfinity;

        public bool MayOffer => !IsFull && Out < Math.Max(1, Window);

        public bool MoreIsCalled { get; set; }
    }
}
