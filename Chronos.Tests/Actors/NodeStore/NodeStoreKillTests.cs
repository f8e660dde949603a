using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Chronos.Actors.NodeStore;
using Chronos.Actors.Projections;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Actors.NodeStore;

[Trait("speed", "slow")]
public sealed class NodeStoreKillTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("chronos-kill-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task After_each_of_20_kills_under_writes_the_file_opens_true_to_its_place_or_is_known_to_be_damaged()
    {
        var path = Path.Combine(_folder, "node.db");
        var clean = 0;
        long reached = 0;
        for (var kill = 0; kill < 20; kill++)
        {
            var written = await WriteUntilKilled(path, after: 3 + (kill * 7 % 41));
            try
            {
                var (file, state) = NodeStoreFile.Open(path);
                file.Dispose();

                // True to its place: exactly the keys up to the offset. The place itself may be a little back, for LiteDB answers
                // before a commit is in the file; the journal is folded again from there.
                Assert.Equal(NodeStoreWriter.At(state.Offset).Keys.Keys.Order(StringComparer.Ordinal), state.Keys.Keys.Order(StringComparer.Ordinal));
                Assert.True(state.Offset <= written + 1_000, "a place that nobody wrote");
                reached = Math.Max(reached, state.Offset);
                clean++;
            }
            catch (NodeStoreDamagedException)
            {
                DamagedFile.MoveAside(path, TimeProvider.System.GetUtcNow());
            }
        }

        Assert.True(reached > 0);
        TestContext.Current.SendDiagnosticMessage($"{clean} of 20 opened clean");
    }

    private static async Task<long> WriteUntilKilled(string path, int after)
    {
        using var child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            Environment = { [NodeStoreWriter.Variable] = path },
        })!;
        long written = 0;
        for (var lines = 0; lines < after; lines++)
        {
            var line = await child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            written = long.Parse(line!, CultureInfo.InvariantCulture);
        }

        child.Kill();
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        return written;
    }
}

/// <summary>The child: the test program itself, which writes to a node store for ever when it is told a file.</summary>
internal static class NodeStoreWriter
{
    public const string Variable = "CHRONOS_TEST_NODE_STORE_WRITER";

    private const int Window = 200;

    [ModuleInitializer]
    internal static void RunWhenAsked()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } path)
        {
            return;
        }

        var (file, state) = NodeStoreFile.Open(path);
        for (var offset = state.Offset + 1; ; offset++)
        {
            file.Save(At(offset), [KeyAt(offset)]);
            Console.Out.WriteLine(offset.ToString(CultureInfo.InvariantCulture));
            Console.Out.Flush();
        }
    }

    /// <summary>What the store holds at a place: the last keys written, each again and again in a new form.</summary>
    public static NodeStoreState At(long offset)
    {
        var state = NodeStoreState.Empty with { Offset = offset };
        for (var at = Math.Max(1, offset - Window + 1); at <= offset; at++)
        {
            state = state with { Keys = state.Keys.SetItem(KeyAt(at).Id.Value, KeyAt(at)) };
        }

        return state;
    }

    private static StoredKey KeyAt(long offset) => new(
        TenantId.Default, new KeyId((offset % Window).ToString("00000000", CultureInfo.InvariantCulture)), $"key of {offset}",
        new string('a', 64), Scopes.JobsRead, null, offset % 2 == 0);
}
