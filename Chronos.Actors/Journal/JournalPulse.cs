namespace Chronos.Actors.Journal;

/// <summary>Wakes the readers of this node when something was committed here, so that they need not poll; and remembers why the last attempt at it failed.</summary>
public sealed class JournalPulse
{
    private volatile TaskCompletionSource _beat = New();

    private volatile JournalTrouble? _trouble;

    /// <summary>Called after each commit. Cheap when nobody waits.</summary>
    public void Beat()
    {
        _trouble = null;
        Interlocked.Exchange(ref _beat, New()).TrySetResult();
    }

    /// <summary>A commit or a recovery failed.</summary>
    /// <param name="reason">For operators; it holds no secret.</param>
    public void Failed(string reason, DateTimeOffset at) => _trouble = new JournalTrouble(reason, at);

    /// <summary>The last failure, while nothing was committed after it; null when all is well.</summary>
    public JournalTrouble? Trouble => _trouble;

    /// <summary>The next beat. Take it before reading, then await it: a commit in between is not missed.</summary>
    public Task Next => _beat.Task;

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
