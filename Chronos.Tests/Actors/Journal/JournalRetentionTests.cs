using Akka.Actor;
using Chronos.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

public sealed class JournalRetentionOnPostgresTests() : JournalRetentionTests(Store.Postgres)
{
    [Fact]
    public async Task What_another_node_has_not_read_stays_until_that_node_is_forgotten()
    {
        await using var harness = await Start();
        await Fill(harness.Writer("timetable|1"), snapshots: 1, each: 10);
        await Run(harness, new RetentionPolicy(Passed: 3, MaxAge: null, MaxBatches: 1_000) { Reader = "behind" });
        var mine = new RetentionPolicy(long.MaxValue, MaxAge: null, MaxBatches: 0) { Reader = "ahead" };

        Assert.Equal(3, (await Run(harness, mine)).Batches);
        Assert.Equal(0, (await Run(harness, mine)).Batches);

        Sql.Run(harness.Database, "UPDATE journal_readers SET seen_at = now() - interval '40 days' WHERE reader = 'behind'");
        Assert.Equal(6, (await Run(harness, mine)).Batches);
        Assert.Equal(["10"], Numbers(harness, "timetable|1"));
    }
}

public sealed class JournalRetentionOnSqliteTests() : JournalRetentionTests(Store.Sqlite)
{
    [Fact]
    public async Task Much_that_went_gives_its_space_back()
    {
        await using var harness = await Start();
        var timetable = harness.Writer("timetable|1");
        var large = new string('x', 400_000);
        for (var n = 0; n < 100; n++)
        {
            await timetable.Ask<NotesActor.Done>(new NotesActor.Note(large));
        }

        Sql.Run(harness.Database, "INSERT INTO snapshot VALUES ('timetable|1', 100, 1, x'00', 'm', 1)");
        var report = await Run(harness, new RetentionPolicy(long.MaxValue, MaxAge: null, MaxBatches: 0));

        Assert.Equal(99, report.Batches);
        Assert.True(report.FreedPages > 4000, $"{report.FreedPages} pages");
        Assert.Equal(["ok"], Sql.Rows(harness.Database, "PRAGMA integrity_check"));
    }
}

public abstract class JournalRetentionTests(Store store) : IDisposable
{
    private readonly TestJournal _journal = new(store);

    [Fact]
    public async Task Batches_that_a_snapshot_covers_and_all_readers_have_passed_go()
    {
        await using var harness = await Start();
        var timetable = harness.Writer("timetable|1");
        await Fill(timetable, snapshots: 1, each: 10);
        await Note(timetable, 5);

        var report = await Run(harness, new RetentionPolicy(Passed: 7, MaxAge: null, MaxBatches: 0));
        Assert.Equal(7, report.Batches);

        report = await Run(harness, new RetentionPolicy(Passed: long.MaxValue, MaxAge: null, MaxBatches: 0));
        Assert.Equal(3, report.Batches);
        Assert.Equal(["11", "12", "13", "14", "15"], Numbers(harness, "timetable|1"));
        Assert.Equal(15, (await State(harness, "timetable|1")).SequenceNr);
    }

    [Fact]
    public async Task The_newest_batch_stays_even_when_a_snapshot_covers_it()
    {
        await using (var harness = await Start())
        {
            await Fill(harness.Writer("timetable|1"), snapshots: 1, each: 4);

            await Run(harness, new RetentionPolicy(long.MaxValue, MaxAge: null, MaxBatches: 0));

            Assert.Equal(["4"], Numbers(harness, "timetable|1"));
        }

        await using (var harness = await Start())
        {
            var state = await State(harness, "timetable|1");
            Assert.Equal(4, state.SequenceNr);
            Assert.Equal(4, state.Texts.Count);
            Assert.Equal(5, (await harness.Writer("timetable|1").Ask<NotesActor.Done>(new NotesActor.Note("next"))).SequenceNr);
        }
    }

    [Fact]
    public async Task Without_a_snapshot_and_in_other_streams_nothing_goes()
    {
        await using var harness = await Start();
        await Note(harness.Writer("timetable|1"), 5);
        await Fill(harness.Writer("job|default|1"), snapshots: 1, each: 5);

        var report = await Run(harness, new RetentionPolicy(long.MaxValue, MaxAge: TimeSpan.Zero, MaxBatches: 0));

        Assert.Equal(0, report.Batches);
        Assert.Equal(5, Numbers(harness, "job|default|1").Count);
    }

    [Fact]
    public async Task Young_batches_within_the_count_stay()
    {
        await using var harness = await Start();
        var timetable = harness.Writer("timetable|1");
        await Fill(timetable, snapshots: 1, each: 20);
        Sql.Run(harness.Database, "UPDATE journal SET created = created - 36000000000 * 24 WHERE sequence_number <= 6");

        Assert.Equal(0, (await Run(harness, new RetentionPolicy(long.MaxValue, MaxAge: TimeSpan.FromDays(2), MaxBatches: null))).Batches);
        Assert.Equal(6, (await Run(harness, new RetentionPolicy(long.MaxValue, MaxAge: TimeSpan.FromHours(1), MaxBatches: null))).Batches);
        Assert.Equal(4, (await Run(harness, new RetentionPolicy(long.MaxValue, MaxAge: TimeSpan.FromHours(1), MaxBatches: 10))).Batches);
        Assert.Equal(10, Numbers(harness, "timetable|1").Count);
    }

    [Fact]
    public async Task The_newest_snapshots_stay_with_the_batches_between_them()
    {
        await using var harness = await Start();
        await Fill(harness.Writer("timetable|1"), snapshots: 4, each: 5);

        var report = await Run(harness, new RetentionPolicy(long.MaxValue, MaxAge: null, MaxBatches: 0) { Chunk = 2 });

        Assert.Equal(2, report.Snapshots);
        Assert.Equal(["15", "20"], Sql.Rows(harness.Database, "SELECT sequence_number FROM snapshot ORDER BY 1"));
        Assert.Equal(["16", "17", "18", "19", "20"], Numbers(harness, "timetable|1"));
    }

    public void Dispose()
    {
        _journal.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static async Task Fill(IActorRef writer, int snapshots, int each)
    {
        for (var n = 0; n < snapshots; n++)
        {
            await Note(writer, each);
            await writer.Ask<NotesActor.Done>(new NotesActor.TakeSnapshot());
        }
    }

    private static Task<NotesActor.Done> Note(IActorRef writer, int count) =>
        writer.Ask<NotesActor.Done>(new NotesActor.Note([.. Enumerable.Range(0, count).Select(n => $"{n}")]));

    private protected static Task<RetentionReport> Run(JournalHarness harness, RetentionPolicy policy) =>
        new JournalRetention(harness.Options).RunOnce(policy, TestContext.Current.CancellationToken);

    private protected static List<string> Numbers(JournalHarness harness, string persistenceId) =>
        Sql.Rows(harness.Database, $"SELECT sequence_number FROM journal WHERE persistence_id = '{persistenceId}' ORDER BY 1");

    private static Task<NotesActor.State> State(JournalHarness harness, string persistenceId) =>
        harness.Writer(persistenceId).Ask<NotesActor.State>(new NotesActor.Ask());

    private protected Task<JournalHarness> Start() => _journal.Start(Durability.Full, string.Empty);
}
