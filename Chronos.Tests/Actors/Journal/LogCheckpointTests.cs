using Akka.Actor;
using Chronos.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

/// <summary>The log of SQLite moves into the file without a commit that waits for it.</summary>
public sealed class LogCheckpointTests : IDisposable
{
    private const int Bytes = 200_000;

    /// <summary>Less than SQLite would let the log grow to before it moves it itself.</summary>
    private const int Writes = 200;

    private readonly TestJournal _journal = new(Store.Sqlite);

    [Fact]
    public async Task The_log_stays_small_beside_what_is_written()
    {
        await using var harness = await _journal.Start(Durability.Full, string.Empty);
        var file = ((SqliteJournalDatabase)harness.Database).File;
        var writer = harness.Writer("notes|1");

        await Write(writer, Writes);
        await Until.True(() => new FileInfo(file).Length > Bytes * Writes / 2, "most of it is in the file");

        Assert.InRange(new FileInfo(file + "-wal").Length, 1, Bytes * Writes / 2);
        Assert.Equal(["ok"], Sql.Rows(harness.Database, "PRAGMA integrity_check"));
        Assert.Equal([$"{Writes}"], Sql.Rows(harness.Database, "SELECT count(*) FROM journal WHERE persistence_id = 'notes|1'"));
    }

    [Fact]
    public async Task A_reader_that_holds_the_log_stops_no_commit_and_it_is_moved_after_it()
    {
        await using var harness = await _journal.Start(Durability.Full, string.Empty);
        var file = ((SqliteJournalDatabase)harness.Database).File;
        var writer = harness.Writer("notes|1");
        await Write(writer, 1);

        using (var reader = harness.Database.OpenOwn())
        {
            using var reading = reader.BeginTransaction(System.Data.IsolationLevel.ReadUncommitted);
            using var command = reader.Command("SELECT count(*) FROM journal");
            command.Transaction = reading;
            command.ExecuteScalar();

            await Write(writer, Writes / 2);
            Assert.True(new FileInfo(file).Length < Bytes * Writes / 4, "nothing that the reader may not see is in the file");
        }

        await Write(writer, Writes / 4);
        await Until.True(() => new FileInfo(file).Length > Bytes * Writes / 2, "what the reader held back is in the file");
    }

    public void Dispose() => _journal.Dispose();

    private static async Task Write(IActorRef writer, int writes)
    {
        var text = new string('x', Bytes);
        for (var n = 0; n < writes; n++)
        {
            await writer.Ask<NotesActor.Done>(new NotesActor.Note(text));
        }
    }
}
