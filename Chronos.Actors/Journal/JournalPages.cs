using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Journal;

/// <summary>Keeps the journal's file and its write-ahead log from growing for ever.</summary>
internal sealed class JournalPages(SqliteConnection connection, WriteGate gate)
{
    private const long ChunkPages = 256;
    private const long KeepFreePages = 4096;

    /// <summary>
    /// Returns free pages at the end of the file, a few at a time, as far as they are more than a quarter of it (the others will be
    /// used again), and moves the log into the file.
    /// </summary>
    /// <returns>How many pages the file got smaller.</returns>
    public async Task<long> GiveBack(CancellationToken cancellation)
    {
        var before = Number("PRAGMA page_count");
        var surplus = Number("PRAGMA auto_vacuum") == 2 ? Surplus() : 0;
        while (surplus > 0)
        {
            using (await gate.EnterAsync(cancellation).ConfigureAwait(false))
            {
                Drain($"PRAGMA incremental_vacuum({ChunkPages})");
            }

            await Task.Yield();
            var left = Surplus();
            surplus = left < surplus ? left : 0;
        }

        // Without waiting for readers or writers: whatever can be moved now is moved, the rest next time.
        Drain("PRAGMA wal_checkpoint(PASSIVE)");
        return before - Number("PRAGMA page_count");
    }

    private long Surplus() => Number("PRAGMA freelist_count") - Math.Max(KeepFreePages, Number("PRAGMA page_count") / 4);

    private long Number(string pragma)
    {
        using var command = connection.CreateCommand();
        command.CommandText = pragma;
        return (long)command.ExecuteScalar()!;
    }

    private void Drain(string pragma)
    {
        using var command = connection.CreateCommand();
        command.CommandText = pragma;
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            // Each step frees a page.
        }
    }
}
