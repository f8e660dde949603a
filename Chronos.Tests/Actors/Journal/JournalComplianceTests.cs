using Akka.Actor;
using Akka.Persistence;
using Chronos.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

/// <summary>What every journal of Chronos does, whichever class writes it.</summary>
/// <param name="store">The store of the journal under test.</param>
public abstract class JournalComplianceTests(Store store) : IDisposable
{
    private readonly TestJournal _journal = new(store);

    protected Store Store { get; } = store;

    /// <summary>The configuration that chooses the class under test.</summary>
    protected abstract string Hocon { get; }

    [Fact]
    public async Task What_was_acknowledged_is_replayed_after_a_restart()
    {
        await using (var harness = await Start())
        {
            var writer = harness.Writer("notes|1");
            Assert.Equal(1, (await writer.Ask<NotesActor.Done>(new NotesActor.Note("a"))).SequenceNr);
            Assert.Equal(3, (await writer.Ask<NotesActor.Done>(new NotesActor.Note("b", "c"))).SequenceNr);
        }

        await using (var harness = await Start())
        {
            var state = await State(harness, "notes|1");
            Assert.Equal(["a", "b", "c"], state.Texts);
            Assert.Equal(3, state.SequenceNr);
        }
    }

    [Fact]
    public async Task A_replay_is_bounded_by_what_recovery_asks_for()
    {
        await using var harness = await Start();
        await harness.Writer("notes|1").Ask<NotesActor.Done>(new NotesActor.Note([.. Enumerable.Range(1, 2500).Select(n => $"{n}")]));

        var all = await State(harness, "notes|1");

        Assert.Equal(Enumerable.Range(1, 2500).Select(n => $"{n}"), all.Texts);
        Assert.Empty((await State(harness, "notes|2")).Texts);
    }

    [Fact]
    public async Task A_recovery_waits_for_the_writes_of_its_predecessor_that_are_in_flight()
    {
        await using var harness = await Start();
        await State(harness, "other");
        Task<NotesActor.State> recovery;
        using (new LockedJournal(harness.Database))
        {
            var writer = harness.Writer("notes|1");
            await writer.Ask<NotesActor.State>(new NotesActor.Ask());
            writer.Tell(new NotesActor.Note("in flight"));
            await writer.GracefulStop(TimeSpan.FromSeconds(3));
            recovery = State(harness, "notes|1");

            // Asked after it and already answered: the recovery above has begun.
            await State(harness, "another");
            Assert.False(recovery.IsCompleted);
        }

        Assert.Equal(["in flight"], (await recovery).Texts);
        Assert.Equal(1, (await recovery).SequenceNr);
    }

    [Fact]
    public async Task A_stale_writer_is_fenced_and_stores_nothing()
    {
        await using var harness = await Start();
        var stale = harness.Writer("notes|1");
        await stale.Ask<NotesActor.Done>(new NotesActor.Note("a"));
        var fresh = harness.Writer("notes|1");
        await fresh.Ask<NotesActor.Done>(new NotesActor.Note("b"));

        await stale.Ask<NotesActor.Failed>(new NotesActor.Note("c", "d", "e"));

        Assert.Equal(3, (await fresh.Ask<NotesActor.Done>(new NotesActor.Note("f"))).SequenceNr);
        Assert.Equal(["a", "b", "f"], (await State(harness, "notes|1")).Texts);
    }

    [Fact]
    public async Task An_event_that_cannot_be_written_is_rejected_and_the_actor_goes_on()
    {
        await using var harness = await Start();
        var writer = harness.Writer("notes|1");

        var rejected = await writer.Ask<NotesActor.Rejected>(new NotesActor.NoteUnwritable());

        Assert.Contains("cannot be written", rejected.Cause.ToString(), StringComparison.Ordinal);
        await writer.Ask<NotesActor.Done>(new NotesActor.Note("a"));
        Assert.Equal(["a"], (await State(harness, "notes|1")).Texts);
    }

    [Fact]
    public async Task Of_events_that_belong_together_all_are_stored_or_none()
    {
        await using var harness = await Start();

        await harness.Writer("notes|1").Ask<NotesActor.Rejected>(new NotesActor.NoteWithUnwritable("a"));

        Assert.Empty((await State(harness, "notes|1")).Texts);
    }

    [Fact]
    public async Task A_write_that_waits_too_long_fails_and_is_not_stored_unless_it_had_begun()
    {
        await using var harness = await Start("akka.persistence.journal.sql.circuit-breaker.call-timeout = 500ms");
        var writers = Enumerable.Range(0, 5).Select(n => harness.Writer($"notes|{n}")).ToList();
        await Task.WhenAll(writers.Select(w => w.Ask<NotesActor.State>(new NotesActor.Ask())));
        using (new LockedJournal(harness.Database))
        {
            await Task.WhenAll(writers.Select(w => w.Ask<NotesActor.Failed>(new NotesActor.Note("a"))));
        }

        var stored = new List<string>();
        for (var n = 0; n < writers.Count; n++)
        {
            var state = await State(harness, $"notes|{n}");
            stored.AddRange(state.Texts);
            Assert.Equal(state.SequenceNr + 1, (await harness.Writer($"notes|{n}").Ask<NotesActor.Done>(new NotesActor.Note("b"))).SequenceNr);
        }

        Assert.True(stored.Count <= 1, $"{stored.Count} writes were stored, only one can have begun");
    }

    [Fact]
    public async Task A_snapshot_is_offered_with_the_events_after_it()
    {
        await using (var harness = await Start())
        {
            var writer = harness.Writer("notes|1");
            await writer.Ask<NotesActor.Done>(new NotesActor.Note("a", "b"));
            await writer.Ask<NotesActor.Done>(new NotesActor.TakeSnapshot());
            await writer.Ask<NotesActor.Done>(new NotesActor.TakeSnapshot());
            await writer.Ask<NotesActor.Done>(new NotesActor.Forget(2));
            await writer.Ask<NotesActor.Done>(new NotesActor.Note("c"));
        }

        await using (var harness = await Start())
        {
            var state = await State(harness, "notes|1");
            Assert.Equal(["a", "b", "c"], state.Texts);
            Assert.Equal(3, state.SequenceNr);
        }
    }

    [Fact]
    public async Task Snapshots_are_deleted_by_number_or_up_to_one_and_those_of_others_stay()
    {
        await using var harness = await Start();
        foreach (var id in new[] { "notes|1", "notes|2" })
        {
            for (var n = 0; n < 5; n++)
            {
                await harness.Writer(id).Ask<NotesActor.Done>(new NotesActor.Note("a"));
                await harness.Writer(id).Ask<NotesActor.Done>(new NotesActor.TakeSnapshot());
            }
        }

        var writer = harness.Writer("notes|1");
        await writer.Ask<NotesActor.Done>(new NotesActor.ForgetSnapshots(new SnapshotSelectionCriteria(2)));
        await writer.Ask<NotesActor.Done>(new NotesActor.ForgetSnapshots(new SnapshotSelectionCriteria(5, DateTime.UtcNow.AddDays(-1))));
        await writer.Ask<NotesActor.Done>(new NotesActor.ForgetSnapshot(4));

        Assert.Equal(
            ["notes|1 3", "notes|1 5", "notes|2 1", "notes|2 2", "notes|2 3", "notes|2 4", "notes|2 5"],
            Sql.Rows(harness.Database, "SELECT persistence_id || ' ' || sequence_number FROM snapshot ORDER BY persistence_id, sequence_number"));
        Assert.Equal(["a", "a", "a", "a", "a"], (await State(harness, "notes|1")).Texts);
    }

    [Fact]
    public async Task Deleted_events_are_gone_and_their_numbers_are_never_given_again()
    {
        await using (var harness = await Start())
        {
            var writer = harness.Writer("notes|1");
            await writer.Ask<NotesActor.Done>(new NotesActor.Note("a", "b", "c"));
            await writer.Ask<NotesActor.Done>(new NotesActor.Forget(3));
        }

        await using (var harness = await Start())
        {
            var state = await State(harness, "notes|1");
            Assert.Empty(state.Texts);
            Assert.Equal(3, state.SequenceNr);
            Assert.Equal(4, (await harness.Writer("notes|1").Ask<NotesActor.Done>(new NotesActor.Note("d"))).SequenceNr);
        }
    }

    [Fact]
    public async Task The_database_away_for_a_while_fails_the_writes_and_back_serves_the_next()
    {
        await using var harness = await Start(
            "akka.persistence.journal.sql.circuit-breaker.call-timeout = 500ms\nakka.persistence.journal.sql.circuit-breaker.reset-timeout = 200ms");
        await State(harness, "notes|1");
        using (new LockedJournal(harness.Database))
        {
            await harness.Writer("notes|1").Ask<NotesActor.Failed>(new NotesActor.Note("lost or not"));
        }

        var before = (await State(harness, "notes|1")).SequenceNr;
        Assert.Equal(before + 1, (await harness.Writer("notes|1").Ask<NotesActor.Done>(new NotesActor.Note("b"))).SequenceNr);
    }

    [Fact]
    [Trait("speed", "slow")]
    public async Task A_write_that_was_committed_but_never_acknowledged_is_replayed_once()
    {
        using (var child = JournalChild.StartAndDieUnacknowledged(_journal, Hocon))
        {
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(137, child.ExitCode);
        }

        await using var harness = await Start();
        Assert.Equal(["unacknowledged"], (await State(harness, "notes|0")).Texts);
        Assert.Equal(2, (await harness.Writer("notes|0").Ask<NotesActor.Done>(new NotesActor.Note("next"))).SequenceNr);
    }

    public void Dispose()
    {
        _journal.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected Task<JournalHarness> Start(params string[] more) =>
        _journal.Start(Durability.Full, string.Join('\n', [Hocon, .. more]));

    private protected static Task<NotesActor.State> State(JournalHarness harness, string persistenceId) =>
        harness.Writer(persistenceId).Ask<NotesActor.State>(new NotesActor.Ask());
}

/// <summary>The stock class: what a switch back gives.</summary>
public abstract class StockJournalCompliance(Store store) : JournalComplianceTests(store)
{
    protected override string Hocon => JournalHarness.StockClasses;
}

public sealed class StockJournalOnSqliteTests() : StockJournalCompliance(Store.Sqlite);

public sealed class StockJournalOnPostgresTests() : StockJournalCompliance(Store.Postgres);
