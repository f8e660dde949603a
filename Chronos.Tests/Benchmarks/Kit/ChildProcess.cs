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

    private const string Mark = "figures:";

    public static string Answer(Figures figures) => Mark + JsonSerializer.Serialize<Dictionary<string, double>>(figures);

    public static Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", [typeof(ChildProcess).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;

    /// <summary>Measures a case in a fresh process.</summary>
    /// <exception cref="InvalidOperationException">It ended without an answer.</exception>
    public static async Task<Figures> Measure(Case what)
    {
        using var process = Start(CaseMode, Cases.Text(what));
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var answer = output.Split('\n').LastOrDefault(l => l.StartsWith(Mark, StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"the case {Cases.Text(what)} ended with {process.ExitCode}: {output}");
        return JsonSerializer.Deserialize<Figures>(answer[Mark.Length..])!;
    }
}
