using Akka.Configuration;
using Akka.Coordination;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Tests.Kit;
using Npgsql;
using Xunit;

namespace Chronos.Tests.Cluster;

/// <summary>What the split-brain resolver may expect of the lease.</summary>
public sealed class LeaseTests : IDisposable
{
    private readonly PostgresAddress _database = PostgresServer.NewDatabase();

    public LeaseTests() => new PostgresJournalDatabase(_database, Durability.Full).Prepare();

    public void Dispose() => PostgresServer.Drop(_database);

    [Fact]
    public async Task One_of_many_who_ask_at_once_acquires_it_and_those_it_counts_as_lost_are_refused_at_once()
    {
        var names = Enumerable.Range(0, 8).Select(n => $"node-{n}").ToList();
        var answers = await Task.WhenAll(names.Select(name => Lease(name, [.. names.Where(other => other != name)]).Acquire()));
        Assert.Single(answers, acquired => acquired);
    }

    [Fact]
    public async Task Its_owner_acquires_it_again_and_the_token_rises_only_when_it_changes_hands()
    {
        var table = Table();
        Assert.Equal(new LeaseAnswer(LeaseState.Acquired, 1), await Try(table, "a", TimeSpan.FromMinutes(1)));
        Assert.Equal(new LeaseAnswer(LeaseState.Acquired, 1), await Try(table, "a", TimeSpan.FromMinutes(1)));
        await table.ReleaseAsync("a", Cancellation);
        Assert.Equal(new LeaseAnswer(LeaseState.Acquired, 2), await Try(table, "b", TimeSpan.FromMinutes(1)));
        await table.ReleaseAsync("b", Cancellation);
        Assert.Equal(new LeaseAnswer(LeaseState.Acquired, 3), await Try(table, "b", TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task What_another_holds_is_refused_and_his_release_alone_frees_it()
    {
        var (mine, other) = (Lease("a", []), Lease("b", []));
        Assert.True(await mine.Acquire());
        Assert.False(await other.Acquire());
        Assert.True(await other.Release());
        Assert.False(await other.Acquire());
        Assert.True(await mine.Release());
        Assert.True(await other.Acquire());
    }

    [Fact]
    public async Task It_expires_by_the_clock_of_the_database_and_who_waits_for_it_gets_it_then()
    {
        Assert.Equal(LeaseState.Acquired, (await Try(Table(), "dead", TimeSpan.FromMilliseconds(600))).State);
        var waiting = Lease("b", [], "lease-operation-timeout = 30s").Acquire();
        Assert.True(await waiting);

        // No clock but that of the database has a say: the row is put back by an hour there, and is free.
        Assert.Equal(LeaseState.Held, (await Try(Table(), "c", TimeSpan.FromMinutes(1))).State);
        await using (var connection = new NpgsqlConnection(_database.ConnectionString))
        {
            await connection.OpenAsync(Cancellation);
            await using var command = new NpgsqlCommand("UPDATE cluster_leases SET expires_at = expires_at - interval '1 hour'", connection);
            Assert.Equal(1, await command.ExecuteNonQueryAsync(Cancellation));
        }

        Assert.Equal(new LeaseAnswer(LeaseState.Acquired, 3), await Try(Table(), "c", TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData("UPDATE cluster_leases SET expires_at = expires_at + interval '1 hour'")]
    [InlineData("UPDATE cluster_leases SET expires_at = 'infinity', owner = ''")]
    [InlineData("DELETE FROM cluster_leases")]
    public async Task A_row_that_is_damaged_or_of_a_clock_that_was_set_back_since_keeps_nobody_from_it(string damage)
    {
        Assert.Equal(LeaseState.Acquired, (await Try(Table(), "a", TimeSpan.FromMinutes(1))).State);
        await using (var connection = new NpgsqlConnection(_database.ConnectionString))
        {
            await connection.OpenAsync(Cancellation);
            await using var command = new NpgsqlCommand(damage, connection);
            Assert.Equal(1, await command.ExecuteNonQueryAsync(Cancellation));
        }

        Assert.Equal(LeaseState.Acquired, (await Try(Table(), "b", TimeSpan.FromMinutes(1))).State);
        Assert.Equal(LeaseState.Held, (await Try(Table(), "c", TimeSpan.FromMinutes(1))).State);
    }

    [Fact]
    public async Task Who_was_counted_as_lost_never_acquires_it_again_also_when_it_is_free()
    {
        var winner = Lease("a", ["sleeper"]);
        Assert.True(await winner.Acquire());
        Assert.True(await winner.Release());
        Assert.False(await Lease("sleeper", ["a"]).Acquire());
        Assert.True(await Lease("c", []).Acquire());

        // Its refused attempt has counted nobody as lost.
        Assert.NotEqual(LeaseState.Lost, (await Try(Table(), "a", TimeSpan.FromMinutes(1))).State);
    }

    [Fact]
    public async Task Nobody_is_certain_of_it_without_asking()
    {
        var lease = Lease("a", []);
        Assert.True(await lease.Acquire());
        Assert.False(lease.CheckLease());
    }

    [Fact]
    public async Task A_connection_that_is_cut_is_made_anew_and_a_database_that_is_gone_is_no_refusal()
    {
        var lease = Lease("a", []);
        Assert.True(await lease.Acquire());
        await using (var connection = new NpgsqlConnection(_database.ConnectionString))
        {
            await connection.OpenAsync(Cancellation);
            await using var command = new NpgsqlCommand("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", connection);
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        Assert.True(await lease.Acquire());
        Assert.True(PostgresAddress.TryParse("Host=127.0.0.1;Port=1;Database=none;Username=nobody;Password=s3cret", out var nowhere, out _));
        var gone = await Assert.ThrowsAsync<LeaseException>(() => Lease("a", [], "", nowhere).Acquire());
        Assert.DoesNotContain("s3cret", gone.ToString(), StringComparison.Ordinal);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private LeaseTable Table() => new(_database, "test");

    private static Task<LeaseAnswer> Try(LeaseTable table, string owner, TimeSpan ttl) => table.TryAcquireAsync(owner, [], ttl, Cancellation);

    /// <summary>Held for a minute, and asked for during half a second, unless the configuration says otherwise.</summary>
    private PostgresLease Lease(string owner, IReadOnlyCollection<string> lost, string config = "", PostgresAddress? address = null)
    {
        var settings = LeaseSettings.Create(
            ConfigurationFactory.ParseString(config).WithFallback(ConfigurationFactory.ParseString(
                "heartbeat-timeout = 60s\nheartbeat-interval = 1s\nlease-operation-timeout = 500ms")),
            "test", owner);
        return new PostgresLease(settings, address ?? _database, () => owner, () => lost, _ => { });
    }
}
