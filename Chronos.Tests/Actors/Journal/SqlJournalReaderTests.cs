using Akka.Actor;
using Chronos.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

public sealed class SqlJournalReaderOnSqliteTests() : SqlJournalReaderTests(Store.Sqlite);

public sealed class SqlJournalReaderOnPostgresTests() : SqlJournalReaderTests(Store.Postgres);

public abstract class SqlJournalReaderTests(Store store) : IDisposable
{
    private readonly TestJournal _journal = new(store);

    [Fact]
    public async Task Events_of_all_actors_come_in_the_order_of_their_commits()
    {
        await using var harness = await Start();
        for (var n = 0; n < 3; n++)
        {
            await harness.Writer("notes|a").Ask<NotesActor.Done>(new NotesActor.Note($"a{n}"));
            await harness.Writer("notes|b").Ask<NotesActor.Done>(new NotesActor.Note($"b{n}"));
        }

        var reader = new SqlJournalReader(harness.Options, JournalHarness.Catalog);
        var first = reader.Read(0, 4);
        var rest = reader.Read(first[^1].Ordering, 100);

        Assert.Equal(["a0", "b0", "a1", "b1", "a2", "b2"], first.Concat(rest).Select(e => ((Noted)e.Event).Text));
        Assert.Equal(["notes|a", "notes|b"], first.Take(2).Select(e => e.PersistenceId));
        Assert.Equal(("test.noted.1", 3L, reader.Highest()), (rest[^1].Manifest, rest[^1].SequenceNr, rest[^1].Ordering));
        Assert.Empty(reader.Read(reader.Highest(), 1));
    }

    [Fact]
    public async Task What_was_just_committed_is_handed_over_once_and_read_from_the_table_after_that()
    {
        var tail = new JournalTail(TimeProvider.System);
        await using var harness = await JournalHarness.Start(_journal.Options(Durability.Full) with { Tail = tail }, string.Empty);
        var writer = harness.Writer("notes|a");
        await writer.Ask<NotesActor.Done>(new NotesActor.Note("one", "two"));
        await writer.Ask<NotesActor.Done>(new NotesActor.Note("three"));
        Assert.Equal(3, tail.Count);

        var reader = new SqlJournalReader(harness.Options, JournalHarness.Catalog);
        var handed = reader.Read(0, 10);
        Assert.Equal(0, tail.Count);
        var read = reader.Read(0, 10);

        Assert.Equal(["one", "two", "three"], handed.Select(e => ((Noted)e.Event).Text));
        Assert.Equal(read, handed);
        Assert.All(handed.Zip(read), pair => Assert.NotSame(pair.Item1.Event, pair.Item2.Event));
    }

    [Fact]
    public async Task A_write_that_was_fenced_off_leaves_nothing_behind_for_the_reader()
    {
        var tail = new JournalTail(TimeProvider.System);
        await using var harness = await JournalHarness.Start(_journal.Options(Durability.Full) with { Tail = tail }, string.Empty);
        var (stale, other) = (harness.Writer("notes|a"), harness.Writer("notes|a"));
        await Task.WhenAll(stale.Ask<NotesActor.State>(new NotesActor.Ask()), other.Ask<NotesActor.State>(new NotesActor.Ask()));
        await other.Ask<NotesActor.Done>(new NotesActor.Note("true"));
        await stale.Ask<NotesActor.Failed>(new NotesActor.Note("stale"));

        var entry = Assert.Single(new SqlJournalReader(harness.Options, JournalHarness.Catalog).Read(0, 10));
        Assert.Equal("true", ((Noted)entry.Event).Text);
        Assert.Equal(0, tail.Count);
    }

    [Fact]
    public void A_journal_that_has_never_been_written_is_empty()
    {
        var options = _journal.Options(Durability.Full);
        options.Database.Prepare();
        var reader = new SqlJournalReader(options, JournalHarness.Catalog);

        Assert.Equal(0, reader.Highest());
        Assert.Empty(reader.Read(0, 10));
    }

    [Fact]
    public async Task A_reader_beside_a_busy_writer_sees_every_event_once_and_in_order()
    {
        await using var harness = await Start();
        var reader = new SqlJournalReader(harness.Options, JournalHarness.Catalog);
        var writers = Enumerable.Range(0, 20).Select(n => harness.Writer($"notes|{n}")).ToList();
        var written = Task.WhenAll(writers.Select(async w =>
        {
            for (var n = 0; n < 50; n++)
            {
                await w.Ask<NotesActor.Done>(new NotesActor.Note($"{n}"));
            }
        }));

        var seen = new Dictionary<string, long>();
        for (long after = 0, count = 0; count < 1000;)
        {
            var pulse = harness.Options.Pulse.Next;
            var entries = reader.Read(after, 64);
            foreach (var entry in entries)
            {
                Assert.True(entry.Ordering > after);
                Assert.Equal(seen.GetValueOrDefault(entry.PersistenceId) + 1, entry.SequenceNr);
                (after, seen[entry.PersistenceId]) = (entry.Ordering, entry.SequenceNr);
            }

            count += entries.Count;
            if (entries.Count == 0)
            {
                await pulse.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
            }
        }

        await written;
        Assert.All(seen.Values, s => Assert.Equal(50, s));
    }

    [Theory]
    [InlineData("UPDATE journal SET message = CAST('{' AS bytea) WHERE ordering = 2", "test.noted.1")]
    [InlineData("UPDATE journal SET manifest = 'test.unknown.9' WHERE ordering = 2", "test.unknown.9")]
    [InlineData("UPDATE journal SET identifier = 1 WHERE ordering = 2", "another serializer")]
    public async Task An_event_that_cannot_be_read_is_named_and_never_skipped(string damage, string said)
    {
        await using var harness = await Start();
        await harness.Writer("notes|1").Ask<NotesActor.Done>(new NotesActor.Note("a", "b", "c"));
        Sql.Run(harness.Database, store == Store.Sqlite ? damage.Replace("bytea", "blob", StringComparison.Ordinal) : damage);
        var reader = new SqlJournalReader(harness.Options, JournalHarness.Catalog);

        Assert.Equal("a", ((Noted)Assert.Single(reader.Read(0, 10)).Event).Text);
        var error = Assert.Throws<JournalReadException>(() => reader.Read(1, 10));

        Assert.Equal(("notes|1", 2L, 2L), (error.PersistenceId, error.SequenceNr, error.Ordering));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _journal.Dispose();
        GC.SuppressFinalize(this);
    }

    private Task<JournalHarness> Start() => _journal.Start(Durability.Full, string.Empty);
}
