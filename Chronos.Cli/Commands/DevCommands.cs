using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl dev</c>: starts one node on this machine, in the foreground.</summary>
internal static class DevCommands
{
    private static readonly Option<int?> Port = new("--port") { Description = "port of the node (default 8080)", HelpName = "n" };
    private static readonly Option<bool> NoDemo = new("--no-demo") { Description = "without the demo job" };

    public static void AddDevCommands(this RootCommand root, Surroundings around) =>
        root.Add("dev", "start one node on this machine, with its data under --data", around, [Port, NoDemo], RunAsync);

    private static async Task RunAsync(Call call)
    {
        var host = Host() ?? throw new CliFailure(ExitCode.Refused,
            "no built Chronos.Host was found beside this program; start it with: dotnet run --project Chronos.Host -- dev");
        var start = new ProcessStartInfo { UseShellExecute = false, WorkingDirectory = call.Around.Folder };
        if (host.EndsWith(".dll", StringComparison.Ordinal))
        {
            start.FileName = "dotnet";
            start.ArgumentList.Add(host);
        }
        else
        {
            start.FileName = host;
        }

        foreach (var argument in Passed(call))
        {
            start.ArgumentList.Add(argument);
        }

        await RunAsync(call, start);
    }

    private static async Task RunAsync(Call call, ProcessStartInfo start)
    {
        using var node = Process.Start(start) ?? throw new CliFailure(ExitCode.Refused, $"{start.FileName} could not be started");
        try
        {
            await node.WaitForExitAsync(call.Cancellation);
        }
        catch (OperationCanceledException)
        {
            // A terminal interrupts the node as well, anybody else only this process; told twice, the node still leaves once, in order.
            if (!OperatingSystem.IsWindows())
            {
                _ = Kill(node.Id, Terminate);
            }

            await node.WaitForExitAsync(CancellationToken.None);
            return;
        }

        if (node.ExitCode != 0)
        {
            throw new CliFailure(ExitCode.Refused, $"the node ended with exit code {node.ExitCode}");
        }
    }

    private const int Terminate = 15;

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);

    private static IEnumerable<string> Passed(Call call)
    {
        yield return "dev";
        if (call.Of(Port) is { } port)
        {
            yield return "--port";
            yield return port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (call.Of(GlobalOptions.Data) is { } data)
        {
            yield return "--data";
            yield return data;
        }

        if (call.Of(NoDemo))
        {
            yield return "--no-demo";
        }
    }

    /// <summary>Installed: in the same folder. In a source tree: in the same build of the sibling project.</summary>
    private static string? Host()
    {
        var here = AppContext.BaseDirectory;
        var sibling = here.Replace($"{Path.DirectorySeparatorChar}Chronos.Cli{Path.DirectorySeparatorChar}", $"{Path.DirectorySeparatorChar}Chronos.Host{Path.DirectorySeparatorChar}", StringComparison.Ordinal);
        return new[] { here, sibling }
            .SelectMany(folder => new[] { "Chronos.Host", "Chronos.Host.exe", "Chronos.Host.dll" }.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
    }
}
