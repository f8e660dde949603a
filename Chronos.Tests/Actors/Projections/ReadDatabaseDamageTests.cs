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
        Assert.Equal(harm is not ("missing" or "missing offsets"), Directory.EnumerateFileSystemEntries(side.Folder, "read.db.damaged-*").Any());
    }

    /// <summary>SQLite lays what its log holds over what was written into the file.</summary>
    [Theory]
    [InlineData("garbage")]
    [InlineData("garbage in the first page")]
    [InlineData("empty")]
    public async Task A_file_that_was_harmed_after_a_kill_is_rebuilt_and_the_log_says_so(string harm)
    {
        using var side = new ReadSide();
        await ProjectionRunnerTests.Mixture(side);
        var dump = side.Dump();
        var killed = Copied(side);
        Harm(Path.Combine(killed, "read.db"), harm);
        using var again = new ReadSide(side.Journal, killed);
        await again.CaughtUp();
        Assert.Equal(dump, again.Dump());
        Assert.True(again.Log.Has("is damaged"), again.Log.All);
        Assert.NotEmpty(Directory.EnumerateFileSystemEntries(killed, "read.db.damaged-*"));
    }

    /// <summary>Nothing is lost then, and nothing has to be made anew.</summary>
    [Fact]
    public async Task What_was_written_over_pages_that_the_log_holds_is_restored_and_the_log_says_that_it_was_looked_for()
    {
        using var side = new ReadSide();
        await ProjectionRunnerTests.Mixture(side);
        var dump = side.Dump();
        var killed = Copied(side);
        Harm(Path.Combine(killed, "read.db"), "truncated");
        using var again = new ReadSide(side.Journal, killed);
        await again.CaughtUp();
        Assert.Equal(dump, again.Dump());
        Assert.True(again.Log.Has("was not closed in order"), again.Log.All);
        Assert.Empty(Directory.EnumerateFileSystemEntries(killed, "read.db.damaged-*"));
    }

    /// <summary>As a kill leaves it: file and log as they are now, and not closed in order.</summary>
    private static string Copied(ReadSide side)
    {
        var killed = Directory.CreateTempSubdirectory("chronos-killed-").FullName;
        foreach (var file in Directory.GetFiles(side.Folder, "read.db*").Where(f => !f.EndsWith("-shm", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(killed, Path.GetFileName(file)));
        }

        Assert.True(new FileInfo(Path.Combine(killed, "read.db-wal")).Length > 0);
        Assert.True(new FileInfo(Path.Combine(killed, "read.db")).Length > 0, "SQLite leaves no empty file beside a log");
        return killed;
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
            case "garbage in the first page":
                using (var file = File.OpenWrite(path))
                {
                    file.Write(Noise(4096));
                }

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
