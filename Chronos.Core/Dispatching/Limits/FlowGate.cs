using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Limits;

/// <summary>
/// What limits one thing that attempts share: a target, a job, or a tag with its value. Several jobs may each declare a limit of it; the
/// tightest counts for everybody. A declaration counts from the first attempt that carries it, for a day after the last.
/// </summary>
/// <param name="part">What of the limit is this node's.</param>
public sealed class FlowGate(string name, NodePart part)
{
    /// <summary>Declarations kept; beyond it the one that was not renewed for longest gives way.</summary>
    private const int MaxDeclared = 256;

    private static readonly TimeSpan Remembered = TimeSpan.FromDays(1);

    private readonly Dictionary<JobId, (FlowLimit Limit, TimeSpan At)> _declared = [];
    private TokenBucket? _bucket;
    private NodePart _part = part;
    private int? _elsewhere;

    public string Name { get; } = name;

    public int InFlight { get; private set; }

    /// <summary>The limit that counts at present, for the whole cluster.</summary>
    public FlowLimit? Limit { get; private set; }

    /// <summary>When something last left or ended.</summary>
    public TimeSpan UsedAt { get; private set; }

    public bool IsIdle => InFlight == 0 && _declared.Count == 0;

    /// <summary>Says what a job declares; null: nothing, or nothing any more.</summary>
    public void Declare(JobId job, FlowLimit? limit, TimeSpan now)
    {
        if (limit is null)
        {
            if (_declared.Count > 0 && _declared.Remove(job))
            {
                Settle(now);
            }

            return;
        }

        var isNew = !_declared.TryGetValue(job, out var known) || known.Limit != limit;
        if (isNew && !_declared.ContainsKey(job) && _declared.Count >= MaxDeclared)
        {
            _declared.Remove(_declared.MinBy(d => d.Value.At).Key);
        }

        _declared[job] = (limit, now);
        if (isNew)
        {
            Settle(now);
        }
    }

    /// <summary>Whether its concurrency goes round among the nodes, so that they must hear of each other what is on its way.</summary>
    public bool GoesRound => Limit?.Concurrency is { } most && _part.GoesRound(most);

    /// <summary>Forgets what nobody declared for long, and takes its part of the limit when the nodes have become more or fewer.</summary>
    /// <param name="elsewhere">What all the other nodes have on their way, said in this turn; null while one has not said it.</param>
    public void Sweep(NodePart part, int? elsewhere, TimeSpan now)
    {
        _elsewhere = elsewhere;
        var old = _declared.Where(d => now - d.Value.At > Remembered).Select(d => d.Key).ToList();
        old.ForEach(job => _declared.Remove(job));
        var more = part.Nodes != _part.Nodes;
        _part = part;
        if (old.Count > 0 || more)
        {
            Settle(now);
        }
    }

    public bool IsOpen(TimeSpan now) =>
        (Limit?.Concurrency is not { } most || InFlight < Part(most)) && (_bucket is null || _bucket.Tokens(now) >= 1);

    public void Take(TimeSpan now)
    {
        InFlight++;
        UsedAt = now;
        _bucket?.TryTake(now);
    }

    public void Release(TimeSpan now)
    {
        InFlight--;
        UsedAt = now;
    }

    /// <summary>Who has the turn waits until the others have said in this turn what they still have on its way: they begin nothing more.</summary>
    private int Part(int concurrency) =>
        !_part.GoesRound(concurrency) ? _part.Of(concurrency, Name) : _part.Has(Name) && _elsewhere is { } others ? concurrency - others : 0;

    private void Settle(TimeSpan now)
    {
        Limit = _declared.Values.Aggregate((FlowLimit?)null, (tightest, d) => FlowLimit.Tighter(tightest, d.Limit));
        if (Limit?.Rate is not { } rate)
        {
            _bucket = null;
        }
        else if (_bucket is null)
        {
            _bucket = new TokenBucket(rate.PerSecond / _part.Nodes, BurstOf(rate), now);
        }
        else
        {
            _bucket.Change(rate.PerSecond / _part.Nodes, BurstOf(rate), now);
        }
    }

    private int BurstOf(FlowRate rate) => Math.Max(1, rate.Burst / _part.Nodes);
}
