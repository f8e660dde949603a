using System.Diagnostics;
using Xunit;

namespace Chronos.Tests.Docker;

/// <summary>A program that is run to its end.</summary>
internal sealed record ProgramRun(int Exit, string Out, string Error)
{
    public static async Task<ProgramRun> Of(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return new ProgramRun(process.ExitCode, await output, await error);
    }

    public static Task<ProgramRun> Of(string program, params string[] arguments) => Of(program, arguments, new Dictionary<string, string>());

    /// <summary>What it printed, where it ended well.</summary>
    public string Good => Exit == 0 ? Out : throw new InvalidOperationException($"ended with {Exit}:\n{Out}\n{Error}");

    /// <summary>Skips the test where a program is missing; under CI it fails.</summary>
    public static void Require(params string[] programs)
    {
        var missing = programs.Where(p => !Environment.GetEnvironmentVariable("PATH")!.Split(':').Append("/usr/sbin").Any(folder => File.Exists(Path.Combine(folder, p)))).ToList();
        if (missing.Count > 0)
        {
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", $"not on this machine: {string.Join(", ", missing)}");
            Assert.Fail($"not on this machine, and under CI=true it must be: {string.Join(", ", missing)}");
        }
    }
}
