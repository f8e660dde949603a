using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;
using ClusterSettings = Chronos.Actors.Kernel.ClusterSettings;

namespace Chronos.Tests.Cluster;

/// <summary>A first seed that is started while it is cut off must not found a second cluster on the same journal.</summary>
[Collection(Alone.Name)]
[Trait("speed", "slow")]
public sealed class PresenceTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly PostgresAddress _database = PostgresServer.NewDatabase();
    private readonly TemporaryFolder _folder = new();

    public PresenceTests() => new PostgresJournalDatabase(_database, Durability.Full).Prepare();

    public void Dispose()
    {
        PostgresServer.Drop(_database);
        _folder.Dispose();
    }

    [Fact]
    public async Task The_first_seed_founds_a_cluster_only_when_nobody_has_said_for_five_seconds_that_he_is_in_one()
    {
        await Execute("INSERT INTO cluster_presence VALUES ('unreachable:1', clock_timestamp())");
        var port = TestPort.Free();
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka(ClusterSettings.SystemName, akka => akka
            .WithChronosHocon()
            .AddHocon("akka.loglevel = OFF\nakka.stdout-loglevel = OFF", HoconAddMode.Prepend)
            .WithChronosJournal(new JournalOptions(_folder.Location, Durability.Full, new JournalPulse()) { Postgres = _database })
            .WithChronosCluster(new ClusterSettings("127.0.0.1", port, [$"127.0.0.1:{port}", "127.0.0.1:1"], [NodeRoles.Api], ClusterProfile.Lan)));
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        var cluster = Akka.Cluster.Cluster.Get(host.Services.GetRequiredService<ActorSystem>());

        await Eventually.True(() => cluster.SelfMember.Status == MemberStatus.Up, Patience);
        Assert.True(await Holds("SELECT clock_timestamp() - seen_at > interval '5 seconds' FROM cluster_presence WHERE member = 'unreachable:1'"));
        await Eventually.True(() => Holds($"SELECT EXISTS (SELECT FROM cluster_presence WHERE member = '127.0.0.1:{port}')"), Patience);

        // Who leaves in good order keeps nobody waiting.
        await host.StopAsync(TestContext.Current.CancellationToken);
        await Eventually.True(() => Holds($"SELECT NOT EXISTS (SELECT FROM cluster_presence WHERE member = '127.0.0.1:{port}')"), Patience);
    }

    /// <summary>A node without seeds on the database of a cluster would take its timetables from it, and dispatch by settings of its own.</summary>
    [Fact]
    public async Task A_node_that_is_to_be_alone_refuses_a_journal_on_which_somebody_says_that_he_works()
    {
        using var stop = new CancellationTokenSource();
        var says = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await Execute("INSERT INTO cluster_presence VALUES ('somebody:4053', clock_timestamp()) ON CONFLICT (member) DO UPDATE SET seen_at = excluded.seen_at");
                await Task.Delay(200, CancellationToken.None);
            }
        }, TestContext.Current.CancellationToken);
        await Eventually.True(() => Holds("SELECT EXISTS (SELECT FROM cluster_presence)"), Patience);

        var refused = await Assert.ThrowsAsync<JournalInUseException>(() => SoleNode.ExpectAsync(_database, TimeProvider.System));

        await stop.CancelAsync();
        await says;
        Assert.Contains("somebody:4053", refused.Message, StringComparison.Ordinal);
        Assert.Contains("CHRONOS_CLUSTER_SEEDS", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Password", refused.Message, StringComparison.OrdinalIgnoreCase);

        // He was killed: his last word stays.
        await Execute("UPDATE cluster_presence SET seen_at = clock_timestamp()");
        await SoleNode.ExpectAsync(_database, TimeProvider.System);
    }

    [Fact]
    public async Task Who_was_taken_for_lost_is_no_member_any_more_and_can_take_nobody_for_lost()
    {
        var (table, cancellation) = (new PresenceTable(_database), TestContext.Current.CancellationToken);
        Assert.NotNull(await table.SayAsync("a:1", "a#1", cancellation));
        Assert.NotNull(await table.SayAsync("b:1", "b#1", cancellation));
        await table.LoseAsync("a#1", ["b#1"], cancellation);

        // It slept meanwhile, and now takes the others for lost, one after another.
        await table.LoseAsync("b#1", ["a#1", "c#1"], cancellation);
        Assert.Null(await table.SayAsync("b:1", "b#1", cancellation));
        Assert.NotNull(await table.SayAsync("a:1", "a#1", cancellation));
        Assert.NotNull(await table.SayAsync("c:1", "c#1", cancellation));

        // The same node, started again, is another incarnation.
        Assert.NotNull(await table.SayAsync("b:1", "b#2", cancellation));
        Assert.Equal(2, await table.OthersAsync("a:1", TimeSpan.FromMinutes(1), cancellation));
    }

    [Fact]
    public async Task Of_many_that_take_each_other_for_lost_at_once_one_is_left()
    {
        var (table, cancellation) = (new PresenceTable(_database), TestContext.Current.CancellationToken);
        var nodes = Enumerable.Range(0, 8).Select(n => $"node-{n}").ToList();
        await Task.WhenAll(nodes.Select(node => table.LoseAsync(node, [.. nodes.Where(n => n != node)], cancellation)));
        var members = await Task.WhenAll(nodes.Select(node => table.SayAsync(node, node, cancellation)));
        Assert.Single(members, words => words is not null);
    }

    [Fact]
    public async Task The_last_word_of_each_is_told_and_changes_only_when_it_says_something()
    {
        var (table, cancellation) = (new PresenceTable(_database), TestContext.Current.CancellationToken);
        await Execute("INSERT INTO cluster_presence VALUES ('silent:1', clock_timestamp() - interval '11 seconds')");
        var (first, second) = ((await table.SayAsync("a:1", "a#1", cancellation))!, (await table.SayAsync("a:1", "a#1", cancellation))!);
        Assert.Equal(["a:1", "silent:1"], first.Keys.Order());
        Assert.Equal(first["silent:1"], second["silent:1"]);
        Assert.NotEqual(first["a:1"], second["a:1"]);
    }

    [Fact]
    public async Task What_was_said_by_a_clock_that_was_set_back_since_keeps_no_first_seed_from_founding()
    {
        await Execute("INSERT INTO cluster_presence VALUES ('gone:1', clock_timestamp() + interval '1 hour'), ('there:1', clock_timestamp())");
        Assert.Equal(1, await new PresenceTable(_database).OthersAsync("a:1", TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
    }

    /// <summary>As when the machine of the database was suspended: by its clock, all others have said nothing for a minute.</summary>
    [Fact]
    public async Task Nobody_is_taken_for_lost_because_the_clock_of_the_database_is_set()
    {
        await using var cluster = await TestCluster.Start(3);
        var settled = DateTimeOffset.UtcNow.AddSeconds(13);
        await Eventually.True(() => DateTimeOffset.UtcNow > settled, Patience);
        foreach (var step in new[] { "- interval '1 minute'", "+ interval '1 minute'", "- interval '1 minute'", "- interval '1 hour'" })
        {
            cluster.Rows($"UPDATE cluster_presence SET seen_at = seen_at {step} RETURNING member");
            await Eventually.True(
                () => cluster.Rows("SELECT member FROM cluster_presence WHERE abs(extract(epoch FROM clock_timestamp() - seen_at)) < 3").Count == 3, Patience);
        }

        Assert.Empty(cluster.Rows("SELECT member FROM cluster_losses"));
        await cluster.Complete(3);
        Assert.All(cluster.Nodes, node => Assert.False(node.Process.HasExited));
    }

    private async Task Execute(string sql)
    {
        await using var connection = new NpgsqlConnection(_database.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private async Task<bool> Holds(string sql)
    {
        await using var connection = new NpgsqlConnection(_database.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken) is true;
    }
}
