using System.Diagnostics;
using System.Globalization;
using Chronos.Cli;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Cli.Kit;

/// <summary>A real node, started as a user would: <c>chronosctl dev</c> in a folder of its own.</summary>
public sealed class DevNode : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chronos-dev-");
    private readonly StringWriter _log = new();
    private readonly int _port = TestPort.Free();
    private Process? _process;

    public string Url => $"http://127.0.0.1:{_port}";

    public string Folder => _folder.FullName;

    /// <summary>What the node printed, for a test that fails.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public async ValueTask InitializeAsync()
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "chronosctl"))
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in new[] { "dev", "--no-demo", "--port", _port.ToString(CultureInfo.InvariantCulture), "--data", Path.Combine(Folder, "data") })
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while ((await RunAsync("health")).Exit != ExitCode.Done)
        {
            Assert.False(_process.HasExited, $"the node ended: {Log}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), patience.Token);
        }
    }

    /// <summary>Runs a verb against the node, with the key that the node made.</summary>
    internal async Task<CliResult> RunAsync(params string[] args)
    {
        var output = new StringWriter { NewLine = "\n" };
        var error = new StringWriter { NewLine = "\n" };
        var raw = new MemoryStream();
        var exit = await ChronosCtl.RunAsync([.. args, "--server", Url], new Surroundings
        {
            In = TextReader.Null,
            Out = output,
            Error = error,
            RawOut = () => raw,
            OutIsTerminal = false,
            Width = 80,
            Variable = _ => null,
            Clock = TimeProvider.System,
            Folder = Folder,
        }, CancellationToken.None);
        return new CliResult(exit, output + System.Text.Encoding.UTF8.GetString(raw.ToArray()), error.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            try
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process?.Dispose();
        _folder.Delete(recursive: true);
    }

    private void Note(string? line)
    {
        lock (_log)
        {
            _log.WriteLine(line);
        }
    }
}
