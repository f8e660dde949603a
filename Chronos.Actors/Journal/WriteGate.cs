namespace Chronos.Actors.Journal;

/// <summary>
/// Lets one writer of this process at a time at the journal file, in turn. SQLite has no queue: who finds the file locked sleeps and
/// tries again, so a snapshot could starve behind a busy journal, and a commit could oversleep behind a snapshot.
/// </summary>
public sealed class WriteGate : IDisposable
{
    /// <summary>Lets everybody through at once: the database queues its writers itself.</summary>
    internal static readonly WriteGate Open = new(null);

    private readonly SemaphoreSlim? _turn;

    public WriteGate()
        : this(new SemaphoreSlim(1, 1))
    {
    }

    private WriteGate(SemaphoreSlim? turn) => _turn = turn;

    /// <summary>Waits for the turn; disposing the answer passes it on.</summary>
    public Turn Enter()
    {
        _turn?.Wait();
        return new Turn(_turn);
    }

    public async Task<Turn> EnterAsync(CancellationToken cancellation)
    {
        if (_turn is not null)
        {
            await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        }

        return new Turn(_turn);
    }

    public void Dispose() => _turn?.Dispose();

    /// <summary>The right to write, until disposed.</summary>
    public readonly struct Turn(SemaphoreSlim? turn) : IDisposable
    {
        public void Dispose() => turn?.Release();
    }
}
