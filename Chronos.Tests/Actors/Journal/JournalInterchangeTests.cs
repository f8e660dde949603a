using Akka.Actor;
using Chronos.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

/// <summary>One line of HOCON switches between the classes, on the same file.</summary>
public sealed class JournalInterchangeTests : IDisposable
{
    private const string Ours = "";
    private const string Columns =
        "SELECT deleted, persistence_id, sequence_number, message, manifest, identifier, typeof(created), length(created), typeof(writer_uuid), typeof(deleted), typeof(message) FROM journal ORDER BY ordering";

    private const string SnapshotColumns =
        "SELECT persistence_id, sequence_number, snapshot, manifest, serializer_id, typeof(created), length(created) FROM snapshot ORDER BY 1, 2";

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(Ours, JournalHarness.StockClasses)]
    [InlineData(JournalHarness.StockClasses, Ours)]
    public async Task What_one_class_wrote_the_other_replays_and_continues(string writes, string reads)
    {
        await using (var harness = await Start(_folder.Location, writes))
        {
            var writer = harness.Writer("notes|1");
            await writer.Ask<NotesActor.Done>(new NotesActor.Note("a", "b"));
            await writer.Ask<NotesActor.Done>(new NotesActor.TakeSnapshot());
            await writer.Ask<NotesActor.Done>(new NotesActor.Note("c"));
            await harness.Writer("notes|2").Ask<NotesActor.Done>(new NotesActor.Note("d", "e", "f"));
        }

        await using (var harness = await Start(_folder.Location, reads))
        {
            Assert.Equal(["a", "b", "c"], (await harness.Writer("notes|1").Ask<NotesActor.State>(new NotesActor.Ask())).Texts);
            var second = harness.Writer("notes|2");
            Assert.Equal(["d", "e", "f"], (await second.Ask<NotesActor.State>(new NotesActor.Ask())).Texts);
            Assert.Equal(4, (await second.Ask<NotesActor.Done>(new NotesActor.Note("g"))).SequenceNr);
        }

        await using (var harness = await Start(_folder.Location, writes))
        {
            Assert.Equal(["d", "e", "f", "g"], (await harness.Writer("notes|2").Ask<NotesActor.State>(new NotesActor.Ask())).Texts);
        }
    }

    [Fact]
    public async Task Both_classes_write_the_same_rows()
    {
        using var other = new TemporaryFolder();
        var rows = new List<List<string>>();
        foreach (var (folder, hocon) in new[] { (_folder.Location, Ours), (other.Location, JournalHarness.StockClasses) })
        {
            await using var harness = await Start(folder, hocon);
            var writer = harness.Writer("notes|1");
            await writer.Ask<NotesActor.Done>(new NotesActor.Note("a", "b"));
            await writer.Ask<NotesActor.Done>(new NotesActor.Note("ä"));
            await writer.Ask<NotesActor.Done>(new NotesActor.TakeSnapshot());
            await writer.Ask<NotesActor.Done>(new NotesActor.Forget(1));
            rows.Add([.. Sql.Rows(harness.Database, Columns), .. Sql.Rows(harness.Database, SnapshotColumns), .. Sql.Rows(harness.Database, "SELECT count(*) FROM tags")]);
        }

        Assert.Equal(rows[1], rows[0]);
        Assert.Equal(5, rows[0].Count);
    }

    public void Dispose() => _folder.Dispose();

    private static Task<JournalHarness> Start(string folder, string hocon) => JournalHarness.Start(folder, Durability.Full, hocon);
}
