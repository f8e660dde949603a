using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Limits;

/// <summary>The gates of tags and of concurrency keys. All pools of a node share them: a tag does not end where a protocol does.</summary>
public sealed class FlowTags
{
    internal Dictionary<string, FlowGate> Gates { get; } = new(StringComparer.Ordinal);
}

/// <summary>The gates of a pool by what they limit: targets, jobs, tags, keys.</summary>
internal sealed class FlowGates(int most, FlowTags tags)
{
    private static readonly List<FlowGate> None = [];

    private readonly Dictionary<string, FlowTarget> _targets = new(StringComparer.Ordinal);
    private readonly Dictionary<JobId, FlowGate> _jobs = [];
    private readonly Dictionary<string, FlowGate> _tags = tags.Gates;

    /// <summary>Shares its limits among all targets that there is no place for any more.</summary>
    private readonly FlowTarget _rest = new("(other targets)", NodePart.Alone);
    private NodePart _part = NodePart.Alone;

    public IEnumerable<FlowTarget> Targets => _rest.IsIdle ? _targets.Values : _targets.Values.Append(_rest);

    /// <summary>Notes what the job of an attempt declares.</summary>
    public FlowTarget Declare(AttemptRequest attempt, TimeSpan now)
    {
        var name = TargetName.Of(attempt.Target);
        var target = _targets.GetValueOrDefault(name) ?? Make(_targets, name, n => new FlowTarget(n, _part), static t => t.IsIdle, static t => t.Gate.UsedAt) ?? _rest;
        var limits = attempt.Limits;
        target.Gate.Declare(attempt.Job, limits?.Target, now);
        if (limits?.Job is { } own)
        {
            Make(_jobs, attempt.Job, static job => new FlowGate(job.Value, NodePart.Alone), static g => g.IsIdle, static g => g.UsedAt)?.Declare(attempt.Job, own, now);
        }
        else if (_jobs.TryGetValue(attempt.Job, out var gate))
        {
            gate.Declare(attempt.Job, null, now);
        }

        if (limits is { Tags.Count: > 0 } || _tags.Count > 0)
        {
            DeclareTags(attempt, now);
        }

        if (limits?.Key is { } key)
        {
            Make(_tags, key.Gate, n => new FlowGate(n, _part), static g => g.IsIdle, static g => g.UsedAt)?.Declare(attempt.Job, new FlowLimit(key.Limit, null), now);
        }

        return target;
    }

    /// <summary>The gates of the job, of its tags and of its key, where there are any.</summary>
    public List<FlowGate> Others(AttemptRequest attempt)
    {
        List<FlowGate>? gates = null;
        if (_jobs.Count > 0 && _jobs.TryGetValue(attempt.Job, out var own))
        {
            (gates ??= []).Add(own);
        }

        if (_tags.Count > 0)
        {
            foreach (var (name, value) in attempt.Tags)
            {
                if (_tags.TryGetValue(NameOf(name, value), out var gate))
                {
                    (gates ??= []).Add(gate);
                }
            }

            if (attempt.Limits?.Key is { } key && _tags.TryGetValue(key.Gate, out var shared))
            {
                (gates ??= []).Add(shared);
            }
        }

        return gates ?? None;
    }

    /// <summary>What is on its way through gates whose concurrency goes round among the nodes.</summary>
    public IEnumerable<(string Name, int InFlight)> GoingRound =>
        _targets.Values.Select(t => t.Gate).Concat(_tags.Values).Where(g => g.GoesRound && g.InFlight > 0).Select(g => (g.Name, g.InFlight));

    public void Sweep(NodePart part, Func<string, int?> elsewhere, TimeSpan now)
    {
        _part = part;
        foreach (var gate in _targets.Values.Select(t => t.Gate).Concat(_tags.Values))
        {
            gate.Sweep(part, elsewhere(gate.Name), now);
        }

        // A job lives on one node at a time: its limit is not shared out.
        foreach (var gate in _jobs.Values)
        {
            gate.Sweep(NodePart.Alone, 0, now);
        }

        Forget(_jobs, g => g.IsIdle);
        Forget(_tags, g => g.IsIdle);
        Forget(_targets, t => t.IsIdle && now - t.Gate.UsedAt > TimeSpan.FromDays(1));
    }

    private static string NameOf(string tag, string value) => $"{tag}={value}";

    private static void Forget<TKey, TGate>(Dictionary<TKey, TGate> gates, Func<TGate, bool> idle)
        where TKey : notnull
    {
        foreach (var key in gates.Where(g => idle(g.Value)).Select(g => g.Key).ToList())
        {
            gates.Remove(key);
        }
    }

    private void DeclareTags(AttemptRequest attempt, TimeSpan now)
    {
        foreach (var (tag, value) in attempt.Tags)
        {
            var name = NameOf(tag, value);
            if (attempt.Limits?.Tags.GetValueOrDefault(tag) is { } limit)
            {
                Make(_tags, name, n => new FlowGate(n, _part), static g => g.IsIdle, static g => g.UsedAt)?.Declare(attempt.Job, limit, now);
            }
            else if (_tags.TryGetValue(name, out var gate))
            {
                gate.Declare(attempt.Job, null, now);
            }
        }
    }

    private TGate? Make<TKey, TGate>(Dictionary<TKey, TGate> gates, TKey key, Func<TKey, TGate> make, Func<TGate, bool> idle, Func<TGate, TimeSpan> usedAt)
        where TKey : notnull
        where TGate : class
    {
        if (gates.TryGetValue(key, out var known))
        {
            return known;
        }

        if (gates.Count >= most)
        {
            // An eighth at once, so that this is not done for each newcomer.
            foreach (var old in gates.Where(g => idle(g.Value)).OrderBy(g => usedAt(g.Value)).Take(Math.Max(1, most / 8)).Select(g => g.Key).ToList())
            {
                gates.Remove(old);
            }

            if (gates.Count >= most)
            {
                return null;
            }
        }

        var made = make(key);
        gates.Add(key, made);
        return made;
    }
}
