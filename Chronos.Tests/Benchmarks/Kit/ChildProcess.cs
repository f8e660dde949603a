using System.Diagnostics;
using System.Text.Json;

namespace Chronos.Benchmarks.Kit;

/// <summary>This program once more, in a process of its own.</summary>
internal static class ChildProcess
{
    /// <summary>The argument that makes this program a target of webhooks.</summary>
    public const string TargetMode = "--as-target";

    /// <summary>The argument that makes this program measure one case, described in JSON, and answer its figures.</summary>
    public const string CaseMode = "--as-case";

    /// <summary>The argument that makes this program measure one scheduler, its own or another, described in JSON.</summary>
    public const string PeerMode = "--as-peer";

    /// <summary>The argument that makes this program write a journal of many jobs, described in JSON.</summary>
    public const string SeedMode = "--as-seed";

    /// <summary>The argument that makes this program recover timetables, described in JSON.</summary>
    public const string RecoveryMode = "--as-recovery";

    /// <summary>The argument that makes this program a gRPC server.</summary>
    public const string GrpcMode = "--as-grpc-server";

    /// <summary>The argument that makes this program librdkafka's mock cluster.</summary>
    public const string KafkaMode = "--as-kafka-mock";

    /// <summary>The argument that makes this program send by the client of a protocol alone, as described in JSON.</summary>
    public const string BareMode = "--as-bare";

    private const string Mark = "figures:";

    public static string Answer(Figures figures) => Mark + JsonSerializer.Serialize<Dictionary<string, double>>(figures);

    public static Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", [typeof(ChildProcess).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;

    /// <summary>Measures a case in a fresh process.</summary>
    /// <exception cref="InvalidOperationException">It ended without an answer.</exception>
    public static Task<Figures> Measure(Case what) => Measure(CaseMode, Cases.Text(what));

    /// <summary>Measures what the text describes, in a fresh process.</summary>
    /// <exception cref="InvalidOperationException">It ended without an answer.</exception>
    public static async Task<Figures> Measure(string mode, string what)
    {
        using var process = Start(mode, what);
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var answer = output.Split('\n').LastOrDefault(l => l.StartsWith(Mark, StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"its process ended with {process.ExitCode}: {output}");
        return JsonSerializer.Deserialize<Figures>(answer[Mark.Length..])!;
    }
}
