namespace Chronos.Actors.Journal;

/// <summary>
/// Lets one writer of this process at a time at the journal file, in turn. SQLite has no queue: who finds the file locked sleeps and
/// tries again, so a snapshot could starve behind a busy journal, and a commit could oversleep behind a snapshot.
/// </summary>
public sealed class WriteGate : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Waits for the turn; disposing the answer passes it on.</summary>
    public Turn Enter()
    {
        _turn.Wait();
        return new Turn(_turn);
    }

    public async Task<Turn> EnterAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        return new Turn(_turn);
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>The right to write, until disposed.</summary>
    public readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
