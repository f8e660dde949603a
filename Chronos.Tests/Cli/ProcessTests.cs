using System.Diagnostics;
using Chronos.Tests.Cli.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

/// <summary>The program as a process of its own: pipes, signals, environment.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task A_pipe_gets_plain_text_and_the_shell_gets_the_exit_code()
    {
        var (exit, output, error) = await RunAsync("", "schedule", "preview", "30 2 * * *", "--tz", "Europe/Berlin", "--from", "2026-03-28T12:00:00Z", "--count", "1");

        Assert.Equal((0, ""), (exit, error));
        Assert.Equal("AT                    LOCAL                      NOTES\n2026-03-29T01:00:00Z  2026-03-29T03:00:00+02:00  gap: 02:30 does not exist, fires 03:00\n", output);
        Assert.Equal(2, (await RunAsync("", "job", "nonsense")).Exit);
    }

    [Fact]
    public async Task Server_and_key_come_from_the_environment_and_documents_from_stdin()
    {
        await using var node = await StandInNode.AnsweringAsync("""{"results":[{"document":0,"name":"grün","action":"created"}]}""");

        var start = Start("job", "apply", "-f", "-", "-o", "json");
        start.Environment["CHRONOS_SERVER"] = node.Url;
        start.Environment["CHRONOS_API_KEY"] = "secret";
        var (exit, output, _) = await RunAsync(start, "name: green\ndescription: grün\nwebhook: { url: http://127.0.0.1:1/ }\n");

        Assert.Equal(0, exit);
        Assert.Equal("secret", node.Only.Header("X-API-Key"));
        Assert.Contains("grün", node.Only.Body, StringComparison.Ordinal);
        Assert.Contains("\"name\": \"grün\"", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupt_ends_a_tail_at_once()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("signals are Unix");
        }

        var asked = new TaskCompletionSource();
        await using var node = await StandInNode.StartAsync(_ =>
        {
            asked.TrySetResult();
            return new CannedAnswer(200, """{"items":[]}""");
        });
        using var process = Process.Start(Start("execution", "tail", "--server", node.Url, "--interval", "1h"))!;
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        using var kill = Process.Start("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Equal(1, process.ExitCode);
        Assert.Contains("error: interrupted", await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_has_seen_enough_is_no_error()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("needs a Unix shell");
        }

        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"set -o pipefail; '{Program}' schedule preview '* * * * * *' --count 50000 | head -n 2");
        var (exit, output, error) = await RunAsync(start, "");

        Assert.Equal((0, ""), (exit, error));
        Assert.Equal(2, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "chronosctl.exe" : "chronosctl");

    private static ProcessStartInfo Start(params string[] args)
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        start.Environment.Remove("CHRONOS_SERVER");
        start.Environment.Remove("CHRONOS_API_KEY");
        return start;
    }

    private static Task<(int Exit, string Out, string Error)> RunAsync(string input, params string[] args) => RunAsync(Start(args), input);

    private static async Task<(int Exit, string Out, string Error)> RunAsync(ProcessStartInfo start, string input)
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation).WaitAsync(TimeSpan.FromSeconds(60), cancellation);
        return (process.ExitCode, await output, await error);
    }
}
