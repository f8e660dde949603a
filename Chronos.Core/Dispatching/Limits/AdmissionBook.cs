using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Limits;

/// <summary>What waits for the same reason: one target, one priority, and the job where it has limits of its own.</summary>
public readonly record struct FlowLine(string Target, JobPriority Priority, JobId? Job)
{
    public static FlowLine Of(AttemptRequest attempt) =>
        new(TargetName.Of(attempt.Target), attempt.Priority, attempt.Limits is null ? null : attempt.Job);
}

/// <summary>What a door says to an attempt.</summary>
public enum Admission
{
    /// <summary>It goes at once.</summary>
    Go,

    /// <summary>It waits here for its turn.</summary>
    Wait,

    /// <summary>It is here already.</summary>
    Known,

    /// <summary>It waits where it came from: its line is full.</summary>
    Refuse,
}

/// <summary>How much a pool takes, and how it shares that out.</summary>
/// <param name="Capacity">Attempts on their way at once.</param>
/// <param name="Share">A target may have so many times what is still free beyond the reserve: with 3, one alone gets three quarters of it.</param>
public sealed record AdmissionOptions(int Capacity, double Share)
{
    /// <summary>Places that only targets with hardly anything on its way may take, so that there is room for the next when several hang.</summary>
    public int Reserve => Capacity / 8;

    /// <summary>What "hardly anything" is.</summary>
    public int Small => Math.Max(1, Capacity / 256);

    /// <summary>Attempts that wait at the door, of all lines. What is more waits in the timetables, which are durable.</summary>
    public int MaxWaiting { get; init; } = 8192;

    public int MaxLine { get; init; } = 256;

    /// <summary>Targets, and gates of jobs and tags, that are known at once; idle ones give way.</summary>
    public int MaxGates { get; init; } = 4096;
}

/// <summary>
/// Decides which attempt of a pool leaves when: within the capacity, no target beyond its share, nothing beyond the limits of its target, job and
/// tags, the urgent first, jobs in turn. Pure: time is what is handed in. Not safe for several threads.
/// </summary>
public sealed class AdmissionBook(AdmissionOptions options, FlowTags tags)
{
    /// <summary>Lines, and jobs of a line, that are looked at when one place has become free.</summary>
    private const int Glance = 16;

    /// <summary>Of so many times that something leaves, the least urgent come first once, so that they come through at all.</summary>
    private const int Turn = 8;

    private readonly FlowGates _gates = new(options.MaxGates, tags);
    private readonly Dictionary<(ExecutionId, int), Grant> _running = [];
    private readonly Dictionary<ExecutionId, int> _executions = [];
    private readonly Dictionary<ExecutionId, Waiter> _waiting = [];
    private readonly Dictionary<FlowLine, LinkedListNode<Line>> _lines = [];
    private readonly LinkedList<Line>[] _rings = [.. Enum.GetValues<JobPriority>().Select(_ => new LinkedList<Line>())];
    private int _turn;

    public int Running => _running.Count;

    public int Waiting => _waiting.Count;

    public IEnumerable<FlowTarget> Targets => _gates.Targets;

    /// <summary>How many attempts a target may have on their way at present, limits aside.</summary>
    public int ShareNow => Math.Max(
        options.Small, (int)Math.Min(options.Capacity, Math.Ceiling(options.Share * (options.Capacity - options.Reserve - _running.Count))));

    /// <summary>An attempt asks to leave. <paramref name="givenUp"/> is an attempt of the same execution that waited and now never leaves.</summary>
    public Admission Offer(AttemptRequest attempt, TimeSpan now, out AttemptRequest? givenUp)
    {
        givenUp = null;
        var key = (attempt.Execution, attempt.Attempt);
        if (_running.ContainsKey(key))
        {
            return Admission.Known;
        }

        if (_waiting.TryGetValue(attempt.Execution, out var earlier))
        {
            if (earlier.Attempt.Attempt >= attempt.Attempt)
            {
                givenUp = earlier.Attempt.Attempt == attempt.Attempt ? null : attempt;
                return Admission.Known;
            }

            givenUp = Withdraw(attempt.Execution);
        }

        var waiter = new Waiter(attempt, _gates.Declare(attempt, now));

        // The earlier attempt of an execution gives way to this one, so it needs no place of its own. Others do not overtake who waits.
        if (_executions.ContainsKey(attempt.Execution) || (waiter.Target.Waiting == 0 && May(waiter, now)))
        {
            Start(waiter, now);
            return Admission.Go;
        }

        var line = FlowLine.Of(attempt);
        var node = _lines.GetValueOrDefault(line);
        if (!HasRoom(node?.Value.Queue, attempt))
        {
            return Admission.Refuse;
        }

        if (node is null)
        {
            _lines.Add(line, node = RingOf(line).AddLast(new Line(line)));
        }

        node.Value.Queue.Add(attempt.Job, waiter);
        _waiting.Add(attempt.Execution, waiter);
        waiter.Target.Waiting++;
        return Admission.Wait;
    }

    /// <summary>Takes back an attempt that waits.</summary>
    public AttemptRequest? Withdraw(ExecutionId execution)
    {
        if (!_waiting.TryGetValue(execution, out var waiter))
        {
            return null;
        }

        var node = _lines[FlowLine.Of(waiter.Attempt)];
        node.Value.Queue.Remove(waiter.Attempt.Job, w => ReferenceEquals(w, waiter), out _);
        Left(node, waiter);
        return waiter.Attempt;
    }

    /// <summary>An attempt that left is over.</summary>
    public void Ended(ExecutionId execution, int attempt, AttemptOutcome? outcome, TimeSpan now)
    {
        if (!_running.Remove((execution, attempt), out var grant))
        {
            return;
        }

        if (--_executions[execution] == 0)
        {
            _executions.Remove(execution);
        }

        grant.Release(now);
        if (outcome is not null)
        {
            grant.Target.Note(outcome, now);
        }
    }

    /// <summary>What may leave now that a place has become free. A quick look; <see cref="NextOfAll"/> looks at everything.</summary>
    public void Next(TimeSpan now, ICollection<AttemptRequest> leaving) => Pump(now, leaving, Glance);

    public void NextOfAll(TimeSpan now, ICollection<AttemptRequest> leaving) => Pump(now, leaving, int.MaxValue);

    /// <summary>How long an attempt has been on its way; null when it waits here or is not here at all.</summary>
    public TimeSpan? RunsFor(ExecutionId execution, int attempt, TimeSpan now) => _running.TryGetValue((execution, attempt), out var grant) ? now - grant.Since : null;

    public bool IsWaiting(ExecutionId execution, int attempt) => _waiting.TryGetValue(execution, out var waiter) && waiter.Attempt.Attempt == attempt;

    /// <summary>Whether a line that refused would take some now: not one by one, for each free place would wake everybody who waits.</summary>
    public bool HasRoomAgain(FlowLine line) => (_lines.TryGetValue(line, out var node) ? node.Value.Queue.Count : 0) <= Bound / 4;

    public IReadOnlyList<AttemptRequest> AllWaiting() => [.. _waiting.Values.Select(w => w.Attempt)];

    /// <summary>Forgets what is not used any more. To be called now and then.</summary>
    /// <param name="part">What of the limits of targets and tags is this node's.</param>
    /// <param name="elsewhere">What all other nodes have on its way through a gate, as they said in this turn; null while one has not.</param>
    public void Sweep(NodePart part, Func<string, int?> elsewhere, TimeSpan now) => _gates.Sweep(part, elsewhere, now);

    /// <summary>What is on its way through gates whose concurrency goes round among the nodes.</summary>
    public IReadOnlyList<(string Name, int InFlight)> GoingRound => [.. _gates.GoingRound];

    private void Pump(TimeSpan now, ICollection<AttemptRequest> leaving, int glance)
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        // Counted is what leaves and not who looks: looks that find nothing come in a rhythm of their own, and could pick always the same turn.
        var lowFirst = (_turn + 1) % Turn == 0;
        var before = leaving.Count;
        for (var n = 0; n < _rings.Length; n++)
        {
            var ring = _rings[lowFirst ? n : _rings.Length - 1 - n];

            // One from each line in turn, until a line has none that may go.
            for (var left = Math.Min(glance, ring.Count); left > 0 && ring.First is { } node && _running.Count < options.Capacity;)
            {
                ring.RemoveFirst();
                ring.AddLast(node);
                if (node.Value.Queue.TryTake(glance, w => May(w, now), out var waiter))
                {
                    Left(node, waiter);
                    Start(waiter, now);
                    leaving.Add(waiter.Attempt);
                    left = Math.Min(left, ring.Count);
                }
                else
                {
                    left--;
                }
            }
        }

        _turn += leaving.Count > before ? 1 : 0;
    }

    private bool May(Waiter waiter, TimeSpan now)
    {
        var gate = waiter.Target.Gate;
        return _running.Count < options.Capacity && gate.InFlight < ShareNow && gate.IsOpen(now) && AreOpen(_gates.Others(waiter.Attempt), now);
    }

    private static bool AreOpen(List<FlowGate> gates, TimeSpan now)
    {
        foreach (var gate in gates)
        {
            if (!gate.IsOpen(now))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>How long a line may be: shorter the more wait in all, so that there is always room for another line.</summary>
    private int Bound => Math.Max(1, Math.Min(options.MaxLine, (options.MaxWaiting - _waiting.Count) / 8));

    /// <summary>Of a line that jobs share, one has at most half of what is left, so that there is room for the next.</summary>
    private bool HasRoom(FairQueue<Waiter>? queue, AttemptRequest attempt)
    {
        var count = queue?.Count ?? 0;
        return _waiting.Count < options.MaxWaiting && count < Bound
            && (attempt.Limits is not null || queue is null || queue.CountOf(attempt.Job) < Math.Max(1, Bound - count));
    }

    private void Start(Waiter waiter, TimeSpan now)
    {
        var attempt = waiter.Attempt;
        var grant = new Grant(waiter.Target, _gates.Others(attempt), now);
        grant.Take(now);
        _running.Add((attempt.Execution, attempt.Attempt), grant);
        _executions[attempt.Execution] = _executions.GetValueOrDefault(attempt.Execution) + 1;
    }

    private void Left(LinkedListNode<Line> node, Waiter waiter)
    {
        _waiting.Remove(waiter.Attempt.Execution);
        waiter.Target.Waiting--;
        if (node.Value.Queue.Count == 0)
        {
            _lines.Remove(node.Value.Name);
            node.List!.Remove(node);
        }
    }

    private LinkedList<Line> RingOf(FlowLine line) => _rings[(int)line.Priority];

    /// <summary>An attempt and where it goes.</summary>
    private sealed record Waiter(AttemptRequest Attempt, FlowTarget Target);

    private sealed class Line(FlowLine name)
    {
        public FlowLine Name { get; } = name;

        public FairQueue<Waiter> Queue { get; } = new();
    }

    /// <summary>What an attempt on its way holds.</summary>
    private sealed record Grant(FlowTarget Target, List<FlowGate> Others, TimeSpan Since)
    {
        public void Take(TimeSpan now)
        {
            Target.Gate.Take(now);
            foreach (var gate in Others)
            {
                gate.Take(now);
            }
        }

        public void Release(TimeSpan now)
        {
            Target.Gate.Release(now);
            foreach (var gate in Others)
            {
                gate.Release(now);
            }
        }
    }
}
