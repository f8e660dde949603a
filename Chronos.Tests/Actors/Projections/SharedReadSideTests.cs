using Chronos.Actors.Journal;
using Chronos.Actors.Projections;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Projections;
using Chronos.Tests.Kit;
using Npgsql;
using Xunit;
using static Chronos.Tests.Actors.Projections.ReadSide;

namespace Chronos.Tests.Actors.Projections;

/// <summary>Several nodes, one PostgreSQL: one of them folds, all read.</summary>
public sealed class SharedReadSideTests
{
    private readonly PostgresAddress _address = PostgresServer.NewDatabase();

    [Fact]
    public async Task One_node_folds_and_what_it_folded_is_read_on_all()
    {
        using var first = await Folding();
        using var second = new ReadSide(first.Journal, postgres: _address);
        await ProjectionRunnerTests.Mixture(first);
        await second.CaughtUp();
        Assert.Equal(first.Dump(), second.Dump());
        await Until(() => second.Runner.Health.All(h => h.Ready && h.LagEntries == 0));
        Assert.False(second.Log.Has("This node folds"));
    }

    [Fact]
    public async Task Who_waits_on_a_node_that_does_not_fold_is_answered_when_the_other_has_folded()
    {
        using var first = await Folding();
        using var second = new ReadSide(first.Journal, postgres: _address);
        for (var i = 0; i < 10; i++)
        {
            await second.Tell(i == 0 ? Created("a") : Batch(Started("a", T0.AddMinutes(i))));
        }

        Assert.Equal(9, second.Ledger.Stats(TenantId.Default, T0).Executions[ExecutionStatus.Running]);
    }

    [Fact]
    public async Task When_the_node_that_folds_stops_another_goes_on_where_it_was()
    {
        using var first = await Folding();
        using var second = new ReadSide(first.Journal, postgres: _address);
        await ProjectionRunnerTests.Mixture(first);
        first.Stop();
        await second.Tell(Batch(Started("a", T0.AddDays(9))));
        Assert.True(second.Log.Has("This node folds"));
        Assert.False(second.Log.Has("rebuilt"));
        using var alone = new ReadSide(first.Journal);
        await alone.CaughtUp();
        Assert.Equal(alone.Dump(), second.Dump());
    }

    [Fact]
    public async Task A_node_that_looked_at_the_journal_before_it_was_its_turn_goes_on_where_the_other_was()
    {
        using var first = await Folding();
        await first.Tell(Created("a"));
        var (journal, log) = (new SlowLook(first.Journal), new MemoryLog());
        using var database = new PostgresReadDatabase(_address, "other", log.For<PostgresReadDatabase>());
        using var second = new ProjectionRunner(
            database, [new LedgerProjection(), new CatalogProjection()], journal, first.Journal.Pulse, TimeProvider.System, log.For<ProjectionRunner>());
        second.Start();
        await journal.Looked.WaitAsync(TestContext.Current.CancellationToken);
        await first.Tell(Batch(Started("a", T0.AddDays(9))));
        first.Stop();
        journal.GoOn();
        await Until(() => log.Has("This node folds"));
        await Until(() => second.Health.All(h => h.Ready && h.Offset == first.Journal.Highest()));
        Assert.False(log.Has("rebuilt"), log.All);
    }

    [Fact]
    public async Task A_writer_whose_connection_is_cut_takes_it_up_again_and_folds_nothing_twice()
    {
        using var side = await Folding();
        await ProjectionRunnerTests.Mixture(side);
        for (var i = 0; i < 5; i++)
        {
            Execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname=current_database() AND pid<>pg_backend_pid()");
            await side.Tell(Batch(Started("a", T0.AddDays(20 + i))));
        }

        using var alone = new ReadSide(side.Journal);
        await alone.CaughtUp();
        string? folded = null;
        await Until(() => (folded = DumpUnlessCut(side)) is not null);
        Assert.Equal(alone.Dump(), folded);
    }

    /// <summary>Null: it met a connection of the pool that was cut, and told so.</summary>
    private static string? DumpUnlessCut(ReadSide side)
    {
        try
        {
            return side.Dump();
        }
        catch (ReadModelUnavailableException)
        {
            return null;
        }
    }

    [Fact]
    public async Task A_rebuild_may_be_asked_for_on_any_node()
    {
        using var first = await Folding();
        using var second = new ReadSide(first.Journal, postgres: _address);
        await ProjectionRunnerTests.Mixture(first);
        await second.CaughtUp();
        var dump = first.Dump();
        Execute($"DELETE FROM {Schema()}.executions");
        Assert.True(await second.Runner.Rebuild("ledger", TestContext.Current.CancellationToken));
        await Until(() => first.Log.Has("rebuilt from the journal on request") && first.Runner.Health.All(h => h.Ready));
        await first.CaughtUp();
        Assert.Equal(dump, first.Dump());
    }

    [Fact]
    public async Task A_schema_that_somebody_dropped_is_made_anew()
    {
        using var side = await Folding();
        await ProjectionRunnerTests.Mixture(side);
        var dump = side.Dump();
        Execute($"DROP SCHEMA {Schema()} CASCADE");
        Assert.Throws<ReadModelUnavailableException>(() => side.Ledger.Stats(TenantId.Default, T0));
        await Until(() => side.Log.Has("are damaged") && side.Runner.Health.All(h => h.Ready && h.Offset == side.Journal.Highest()));
        Assert.Equal(dump, side.Dump());
    }

    [Fact]
    public async Task A_character_that_the_database_cannot_hold_stops_nothing()
    {
        using var side = await Folding();
        var started = Started("a", T0) with { Note = "a\0b", Payload = "{\"x\":\"\0\"}" };
        await side.Tell(Created("a", d => d with { Description = "Größe 北京 nul" }), Batch(started));
        Assert.Equal("a\uFFFDb", side.Ledger.Find(TenantId.Default, ExecutionId.ForSlot(Id("a"), T0))!.Detail);
        Assert.Single(side.Catalog.List(new JobFilter(TenantId.Default) { Text = "grosse GROß 北" }, [])!.Items.Concat(
            side.Catalog.List(new JobFilter(TenantId.Default) { Text = "groß 北" }, [])!.Items));
    }

    /// <summary>A node that folds already.</summary>
    private async Task<ReadSide> Folding()
    {
        var side = new ReadSide(postgres: _address);
        await Until(() => side.Log.Has("This node folds"));
        return side;
    }

    /// <summary>The first who asks where the journal ends is told late.</summary>
    private sealed class SlowLook(FakeJournal journal) : IJournalReader
    {
        private readonly TaskCompletionSource _looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goOn = new();

        public Task Looked => _looked.Task;

        public void GoOn() => _goOn.SetResult();

        public IReadOnlyList<JournalEntry> Read(long after, int max) => journal.Read(after, max);

        public long Highest()
        {
            var highest = journal.Highest();
            _looked.TrySetResult();
            _goOn.Task.Wait(TestContext.Current.CancellationToken);
            return highest;
        }
    }

    private static string Schema() => $"chronos_read_{LedgerSchema.Version}_{CatalogSchema.Version}";

    private void Execute(string sql)
    {
        using var connection = new NpgsqlConnection(_address.ConnectionString);
        connection.Open();
        Sql.Execute(connection, sql);
    }
}
