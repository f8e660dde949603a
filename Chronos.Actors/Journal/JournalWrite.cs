namespace Chronos.Actors.Journal;

/// <summary>
/// The rows that one persistent actor wants stored together, and the promise to say what became of them. Stored as a whole or not
/// at all.
/// </summary>
internal sealed class JournalWrite(string persistenceId, IReadOnlyList<JournalRow> rows)
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Withdrawn = 2;

    private readonly TaskCompletionSource _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _state;
    private CancellationTokenRegistration _cancellation;

    public string PersistenceId { get; } = persistenceId;

    public IReadOnlyList<JournalRow> Rows { get; } = rows;

    public long FirstSequenceNr => Rows[0].SequenceNr;

    /// <summary>Ends when the rows are durable, fails when none of them is stored, is cancelled when the writer had not begun.</summary>
    public Task Outcome => _outcome.Task;

    public void CancelWith(CancellationToken cancellation)
    {
        if (cancellation.CanBeCanceled)
        {
            _cancellation = cancellation.UnsafeRegister(static (state, token) => ((JournalWrite)state!).Withdraw(token), this);
        }
    }

    /// <summary>From here on the write cannot be cancelled: its outcome is the database's.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    public void Succeed()
    {
        _cancellation.Dispose();
        _outcome.TrySetResult();
    }

    public void Fail(Exception cause)
    {
        _cancellation.Dispose();
        _outcome.TrySetException(cause);
    }

    private void Withdraw(CancellationToken token)
    {
        if (Interlocked.CompareExchange(ref _state, Withdrawn, Waiting) == Waiting)
        {
            _outcome.TrySetCanceled(token);
        }
    }
}
