namespace Chronos.Core.Dispatching;

/// <summary>An execution on a worker: the attempt that is on its way, and the one that follows when it has ended. Never two at once.</summary>
public sealed class AttemptTurns(AttemptRequest attempt)
{
    public AttemptRequest Attempt { get; } = attempt;

    public AttemptRequest? Next { get; private set; }

    /// <summary>The attempt on its way was given up because its node stops.</summary>
    public bool IsLost { get; private set; }

    /// <summary>The attempt on its way is to stop.</summary>
    public bool IsToStop { get; private set; }

    public IEnumerable<AttemptRequest> All => Next is null ? [Attempt] : [Attempt, Next];

    /// <summary>Another attempt of the execution. Answers the one that gives way without having been sent, if any: the one that waited, or a late one.</summary>
    public AttemptRequest? Replace(AttemptRequest attempt)
    {
        if (attempt.Attempt < (Next ?? Attempt).Attempt)
        {
            return attempt;
        }

        var waited = Next;
        (Next, IsToStop) = (attempt, true);
        return waited;
    }

    /// <summary>The execution is to stop. Answers the attempt that waited, if any.</summary>
    public AttemptRequest? Cancel()
    {
        var waited = Next;
        (Next, IsToStop) = (null, true);
        return waited;
    }

    public void Abandon() => (IsLost, IsToStop) = (true, true);
}
