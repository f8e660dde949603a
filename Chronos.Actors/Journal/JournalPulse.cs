namespace Chronos.Actors.Journal;

/// <summary>Wakes the readers of this node when something was committed here, so that they need not poll.</summary>
public sealed class JournalPulse
{
    private volatile TaskCompletionSource _beat = New();

    /// <summary>Called after each commit. Cheap when nobody waits.</summary>
    public void Beat() => Interlocked.Exchange(ref _beat, New()).TrySetResult();

    /// <summary>The next beat. Take it before reading, then await it: a commit in between is not missed.</summary>
    public Task Next => _beat.Task;

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
