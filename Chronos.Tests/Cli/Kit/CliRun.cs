using System.Text;
using Chronos.Cli;
using Xunit;

namespace Chronos.Tests.Cli.Kit;

/// <summary>What an invocation left behind.</summary>
internal sealed record CliResult(int Exit, string Out, string Error)
{
    public string[] OutLines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>Runs the whole program in process, in a folder of its own, with captured output.</summary>
internal sealed class CliRun : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 3, 28, 12, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chronosctl-");

    public Dictionary<string, string> Variables { get; } = [];

    public string Folder => _folder.FullName;

    public string In { get; set; } = "";

    public bool Terminal { get; set; }

    public void Write(string path, string text)
    {
        var file = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    public Task<CliResult> AtAsync(StandInNode node, params string[] args) => RunAsync([.. args, "--server", node.Url]);

    public async Task<CliResult> RunAsync(params string[] args)
    {
        using var raw = new MemoryStream();
        var output = new StringWriter { NewLine = "\n" };
        var error = new StringWriter { NewLine = "\n" };
        var exit = await ChronosCtl.RunAsync(args, new Surroundings
        {
            In = new StringReader(In),
            Out = output,
            Error = error,
            RawOut = () => raw,
            OutIsTerminal = Terminal,
            Width = 80,
            Variable = name => Variables.GetValueOrDefault(name),
            Clock = new StandingClock(),
            Folder = Folder,
        }, TestContext.Current.CancellationToken);
        return new CliResult(exit, output + Encoding.UTF8.GetString(raw.ToArray()), error.ToString());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>The hour stands still, so that relative times can be checked; timers run.</summary>
    private sealed class StandingClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
