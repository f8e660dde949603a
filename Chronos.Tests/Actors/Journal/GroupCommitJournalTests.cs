using Akka.Actor;
using Chronos.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

public sealed class GroupCommitJournalOnSqliteTests() : GroupCommitJournalCompliance(Store.Sqlite);

public sealed class GroupCommitJournalOnPostgresTests() : GroupCommitJournalCompliance(Store.Postgres);

/// <summary>What our class does beyond the stock one.</summary>
public abstract class GroupCommitJournalCompliance(Store store) : JournalComplianceTests(store)
{
    protected override string Hocon => string.Empty;

    [Fact]
    public async Task A_fenced_writer_does_no_harm_to_those_that_share_its_commit()
    {
        await using var harness = await Start();
        var stale = harness.Writer("notes|stale");
        await stale.Ask<NotesActor.Done>(new NotesActor.Note("a"));
        await harness.Writer("notes|stale").Ask<NotesActor.Done>(new NotesActor.Note("b"));
        var neighbours = Enumerable.Range(0, 40).Select(n => harness.Writer($"notes|{n}")).ToList();
        await Task.WhenAll(neighbours.Select(w => w.Ask<NotesActor.State>(new NotesActor.Ask(), TimeSpan.FromSeconds(60))));

        Task<NotesActor.Failed> fenced;
        List<Task<NotesActor.Done>> stored;
        using (new LockedJournal(harness.Database))
        {
            stored = [.. neighbours.Take(20).Select(w => w.Ask<NotesActor.Done>(new NotesActor.Note("before", "it")))];
            fenced = stale.Ask<NotesActor.Failed>(new NotesActor.Note("stale", "too"));
            stored.AddRange(neighbours.Skip(20).Select(w => w.Ask<NotesActor.Done>(new NotesActor.Note("after", "it"))));
        }

        Assert.IsType<JournalFencedException>((await fenced).Cause);
        Assert.All(await Task.WhenAll(stored), done => Assert.Equal(2, done.SequenceNr));
        Assert.Equal(["a", "b"], (await State(harness, "notes|stale")).Texts);
        Assert.Equal(["after", "it"], (await State(harness, "notes|39")).Texts);
    }

    /// <remarks>Not in the common suite: the stock class blocks its own queue while the file is locked, so it cannot be filled on purpose.</remarks>
    [Fact]
    public async Task A_full_queue_refuses_more_and_stores_what_it_took()
    {
        await using var harness = await Start(
            "akka.persistence.journal.sql.buffer-size = 8\nakka.persistence.journal.sql.batch-size = 1\nakka.persistence.journal.sql.circuit-breaker.max-failures = 1000");
        var writers = Enumerable.Range(0, 300).Select(n => harness.Writer($"notes|{n}")).ToList();
        await Task.WhenAll(writers.Select(w => w.Ask<NotesActor.State>(new NotesActor.Ask(), TimeSpan.FromSeconds(60))));
        List<Task<object>> answers;
        using (new LockedJournal(harness.Database))
        {
            answers = [.. writers.Select(w => w.Ask<object>(new NotesActor.Note("a"), TimeSpan.FromSeconds(60)))];

            // Answers keep their order, so a refusal shows only after the lock is gone. A recovery passes through the same mailbox.
            for (var n = 0; n < 5; n++)
            {
                await State(harness, $"another|{n}");
            }
        }

        var results = await Task.WhenAll(answers);
        Assert.Contains(results, r => r is NotesActor.Done);
        Assert.Contains(results, r => r is NotesActor.Failed);
        for (var n = 0; n < writers.Count; n++)
        {
            Assert.Equal(results[n] is NotesActor.Done ? 1 : 0, (await State(harness, $"notes|{n}")).Texts.Count);
        }
    }

    [Fact]
    public async Task Writes_that_wait_together_share_one_commit()
    {
        await using var harness = await Start();
        var writers = Enumerable.Range(0, 100).Select(n => harness.Writer($"notes|{n}")).ToList();
        await Task.WhenAll(writers.Select(w => w.Ask<NotesActor.State>(new NotesActor.Ask(), TimeSpan.FromSeconds(60))));
        using var batches = new BatchSizes();
        Task<NotesActor.Done[]> stored;
        using (new LockedJournal(harness.Database))
        {
            stored = Task.WhenAll(writers.Select(w => w.Ask<NotesActor.Done>(new NotesActor.Note("a"))));
        }

        await stored;

        // All journals of this process are counted, and other tests run beside this one.
        Assert.True(batches.Seen.Sum() >= 100, $"{batches.Seen.Sum()} writes were counted");
        Assert.Contains(batches.Seen, size => size > 10);
    }

    [Fact]
    public async Task A_commit_beats_the_pulse()
    {
        await using var harness = await Start();
        var beat = harness.Options.Pulse.Next;

        await harness.Writer("notes|1").Ask<NotesActor.Done>(new NotesActor.Note("a"));

        await beat.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task An_event_that_cannot_be_read_fails_the_recovery_and_is_named()
    {
        await using var harness = await Start();
        await harness.Writer("notes|1").Ask<NotesActor.Done>(new NotesActor.Note("a", "b"));
        Sql.Run(harness.Database, Store == Store.Sqlite ? "UPDATE journal SET message = x'7b' WHERE sequence_number = 2" : "UPDATE journal SET message = '{' WHERE sequence_number = 2");
        var failed = new TaskCompletionSource<NotesActor.RecoveryFailed>();
        harness.System.EventStream.Subscribe(harness.System.ActorOf(Props.Create(() => new Listener(failed))), typeof(NotesActor.RecoveryFailed));

        harness.Writer("notes|1");

        var cause = (await failed.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).Cause;
        Assert.Equal(("notes|1", 2), (Assert.IsType<JournalReadException>(cause).PersistenceId, ((JournalReadException)cause).SequenceNr));
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener(TaskCompletionSource<NotesActor.RecoveryFailed> seen) => Receive<NotesActor.RecoveryFailed>(f => seen.TrySetResult(f));
    }
}
