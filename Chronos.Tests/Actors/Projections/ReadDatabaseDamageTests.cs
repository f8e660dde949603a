using Chronos.Actors.Projections;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Microsoft.Data.Sqlite;
using Xunit;
using static Chronos.Tests.Actors.Projections.ReadSide;

namespace Chronos.Tests.Actors.Projections;

public sealed class ReadDatabaseDamageTests
{
    public static TheoryData<string> Harms => ["missing", "garbage", "empty", "truncated", "garbage in the middle", "missing table", "missing offsets", "a folder"];

    [Theory]
    [MemberData(nameof(Harms))]
    public async Task A_file_that_was_harmed_while_the_node_was_down_is_rebuilt_and_the_log_says_so(string harm)
    {
        using var side = new ReadSide();
        await ProjectionRunnerTests.Mixture(side);
        var dump = side.Dump();
        side.Stop();
        Harm(side.File, harm);

        using var again = new ReadSide(side.Journal, side.Folder);
        await again.CaughtUp();
        Assert.Equal(dump, again.Dump());
        Assert.True(again.Log.Has("is damaged") || again.Log.Has("There is no read database") || again.Log.Has("has no model yet"));
        Assert.Equal(harm is not ("missing" or "empty" or "missing offsets"), Directory.EnumerateFileSystemEntries(side.Folder, "read.db.damaged-*").Any());
    }

    [Fact]
    public async Task A_file_that_vanishes_while_the_node_runs_is_rebuilt()
    {
        using var side = new ReadSide();
        await ProjectionRunnerTests.Mixture(side);
        var dump = side.Dump();
        File.Delete(side.File);
        SqliteConnection.ClearAllPools();
        Assert.Throws<ReadModelUnavailableException>(() => side.Ledger.Stats(TenantId.Default, T0));
        await Until(() => File.Exists(side.File));
        await Until(() => side.Runner.Health.All(h => h.Ready && h.Offset == side.Journal.Highest()));
        Assert.Equal(dump, side.Dump());
        Assert.True(side.Log.Has("is damaged"));
    }

    [Fact]
    public async Task Damage_that_a_query_meets_is_told_to_the_runner()
    {
        using var side = new ReadSide();
        await ProjectionRunnerTests.Mixture(side);
        var dump = side.Dump();
        using (var connection = new SqliteConnection($"Data Source={side.File};Pooling=False"))
        {
            connection.Open();
            Sql.Execute(connection, "DROP TABLE execution_hours");
        }

        Assert.Throws<ReadModelUnavailableException>(() => side.Ledger.Stats(TenantId.Default, T0));
        await Until(() => side.Log.Has("is damaged") && side.Runner.Health.All(h => h.Ready && h.Offset == side.Journal.Highest()));
        Assert.Equal(dump, side.Dump());
    }

    [Fact]
    public async Task The_fold_goes_on_while_queries_read()
    {
        using var side = new ReadSide();
        await side.Tell(Created("a"));
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(
            () =>
            {
                var reads = 0;
                for (; !stop.IsCancellationRequested; reads++)
                {
                    Assert.NotNull(side.Ledger.List(new(TenantId.Default), []));
                }

                return reads;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        for (var i = 0; i < 200; i++)
        {
            side.Journal.Append(Batch(Started("a", T0.AddMinutes(i))));
        }

        await side.CaughtUp();
        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), reads => Assert.True(reads > 0));
        Assert.Equal(200, side.Ledger.Stats(TenantId.Default, T0).Executions[ExecutionStatus.Running]);
    }

    private static void Harm(string path, string how)
    {
        switch (how)
        {
            case "missing":
                File.Delete(path);
                break;
            case "garbage":
                File.WriteAllBytes(path, Noise((int)new FileInfo(path).Length));
                break;
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "a folder":
                File.Delete(path);
                Directory.CreateDirectory(Path.Combine(path, "inside"));
                break;
            case "truncated":
                using (var file = File.OpenWrite(path))
                {
                    file.SetLength(file.Length / 2);
                }

                break;
            case "garbage in the middle":
                using (var file = File.OpenWrite(path))
                {
                    file.Position = 4096;
                    file.Write(Noise(4096 * 12));
                }

                break;
            default:
                using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
                {
                    connection.Open();
                    Sql.Execute(connection, how == "missing table" ? "DROP TABLE executions" : "DROP TABLE projection_offsets");
                }

                break;
        }
    }

    private static byte[] Noise(int length)
    {
        var noise = new byte[length];
        for (var i = 0; i < length; i++)
        {
            noise[i] = (byte)((i * 167) + (i >> 7) + 13);
        }

        return noise;
    }
}
