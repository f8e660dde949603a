using Akka.Actor;
using Chronos.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

/// <summary>One line of HOCON switches between the classes, on the same file.</summary>
public sealed class JournalInterchangeTests
{
    private const string Ours = "";
    private const string Columns =
        "SELECT CAST(deleted AS integer), persistence_id, sequence_number, message, manifest, identifier, typeof(created), length(CAST(created AS text)), typeof(writer_uuid), typeof(deleted), typeof(message) FROM journal ORDER BY ordering";

    private const string SnapshotColumns =
        "SELECT persistence_id, sequence_number, snapshot, manifest, serializer_id, typeof(created), length(CAST(created AS text)) FROM snapshot ORDER BY 1, 2";

    [Theory]
    [InlineData(Store.Sqlite, Ours, JournalHarness.StockClasses)]
    [InlineData(Store.Sqlite, JournalHarness.StockClasses, Ours)]
    [InlineData(Store.Postgres, Ours, JournalHarness.StockClasses)]
    [InlineData(Store.Postgres, JournalHarness.StockClasses, Ours)]
    public async Task What_one_class_wrote_the_other_replays_and_continues(Store store, string writes, string reads)
    {
        using var journal = new TestJournal(store);
        await using (var harness = await journal.Start(Durability.Full, writes))
        {
            var writer = harness.Writer("notes|1");
            await writer.Ask<NotesActor.Done>(new NotesActor.Note("a", "b"));
            await writer.Ask<NotesActor.Done>(new NotesActor.TakeSnapshot());
            await writer.Ask<NotesActor.Done>(new NotesActor.Note("c"));
            await harness.Writer("notes|2").Ask<NotesActor.Done>(new NotesActor.Note("d", "e", "f"));
        }

        await using (var harness = await journal.Start(Durability.Full, reads))
        {
            Assert.Equal(["a", "b", "c"], (await harness.Writer("notes|1").Ask<NotesActor.State>(new NotesActor.Ask())).Texts);
            var second = harness.Writer("notes|2");
            Assert.Equal(["d", "e", "f"], (await second.Ask<NotesActor.State>(new NotesActor.Ask())).Texts);
            Assert.Equal(4, (await second.Ask<NotesActor.Done>(new NotesActor.Note("g"))).SequenceNr);
        }

        await using (var harness = await journal.Start(Durability.Full, writes))
        {
            Assert.Equal(["d", "e", "f", "g"], (await harness.Writer("notes|2").Ask<NotesActor.State>(new NotesActor.Ask())).Texts);
        }
    }

    [Theory]
    [InlineData(Store.Sqlite)]
    [InlineData(Store.Postgres)]
    public async Task Both_classes_write_the_same_rows(Store store)
    {
        using var one = new TestJournal(store);
        using var other = new TestJournal(store);
        var rows = new List<List<string>>();
        foreach (var (journal, hocon) in new[] { (one, Ours), (other, JournalHarness.StockClasses) })
        {
            await using var harness = await journal.Start(Durability.Full, hocon);
            var writer = harness.Writer("notes|1");
            await writer.Ask<NotesActor.Done>(new NotesActor.Note("a", "b"));
            await writer.Ask<NotesActor.Done>(new NotesActor.Note("ä"));
            await writer.Ask<NotesActor.Done>(new NotesActor.TakeSnapshot());
            await writer.Ask<NotesActor.Done>(new NotesActor.Forget(1));
            rows.Add([.. Sql.Rows(harness.Database, In(store, Columns)), .. Sql.Rows(harness.Database, In(store, SnapshotColumns)), .. Sql.Rows(harness.Database, "SELECT count(*) FROM tags")]);
        }

        Assert.Equal(rows[1], rows[0]);
        Assert.Equal(5, rows[0].Count);
    }

    private static string In(Store store, string sql) => store == Store.Sqlite ? sql : sql.Replace("typeof(", "pg_typeof(", StringComparison.Ordinal);
}
