using System.Text;
using System.Text.Json;
using Chronos.Cli;
using Chronos.Cli.Documents;
using Chronos.Core.Kernel;
using Chronos.Core.Verification;
using Chronos.Tests.Cli.Kit;
using Xunit;

namespace Chronos.Tests.Kit;

/// <summary><c>chronosctl verify</c> as an operator runs it against a node, with the log of what a receiver got.</summary>
internal static class Checker
{
    /// <summary>Fails when the checker finds anything; returns its report.</summary>
    public static async Task<JsonElement> FindsNothing(NodeProcess node, Receiver receiver, DateTimeOffset from, DateTimeOffset to, TimeSpan late)
    {
        using var folder = new ScratchFolder();
        var log = Path.Combine(folder.Location, "received.jsonl");

        // The ledger may be behind what was committed, on cores that do other things too. What is still found in the end is not on its way any more.
        CliResult result;
        var began = DateTimeOffset.UtcNow;
        do
        {
            // Each time anew: what the ledger learned since, the receiver got since.
            await File.WriteAllLinesAsync(log, receiver.Requests.Select(r => ReceiverLog.Line(
                new ReceivedRequest(r.Execution, r.Attempt, r.ScheduledAt, r.At), r.Key, duplicate: false)));
            result = await Run(node, folder.Location,
                "verify", "--from", Rfc3339.Format(from), "--to", Rfc3339.Format(to), "--received", log, "--late", $"{(int)late.TotalSeconds}s", "-o", "json");
        }
        while (result.Exit != 0 && DateTimeOffset.UtcNow - began < TimeSpan.FromMinutes(2));

        Assert.True(result.Exit == 0, $"from {Rfc3339.Format(from)}: {result.Error}\n{result.Out[..Math.Min(result.Out.Length, 4_000)]}");
        return JsonDocument.Parse(result.Out).RootElement;
    }

    private static async Task<CliResult> Run(NodeProcess node, string folder, params string[] args)
    {
        using var raw = new MemoryStream();
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var exit = await ChronosCtl.RunAsync(
            [.. args, "--server", $"http://127.0.0.1:{node.Port}", "--key", node.Http.DefaultRequestHeaders.GetValues("X-API-Key").Single()],
            new Surroundings
            {
                In = TextReader.Null,
                Out = output,
                Error = error,
                RawOut = () => raw,
                OutIsTerminal = false,
                Width = 80,
                Variable = _ => null,
                Clock = TimeProvider.System,
                Folder = folder,
            },
            CancellationToken.None);
        return new CliResult(exit, output + Encoding.UTF8.GetString(raw.ToArray()), error.ToString());
    }

    private sealed class ScratchFolder : IDisposable
    {
        public string Location { get; } = Directory.CreateTempSubdirectory("chronos-checker-").FullName;

        public void Dispose() => Directory.Delete(Location, recursive: true);
    }
}
