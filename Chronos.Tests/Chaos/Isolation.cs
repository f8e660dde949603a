using System.Diagnostics;

namespace Chronos.Tests.Chaos;

/// <summary>
/// Runs this program once more in namespaces of its own, of network, processes and mounts. Whatever it makes there, nodes and servers, networks
/// and rules, the kernel removes with it, however it ends.
/// </summary>
internal static class Isolation
{
    /// <summary>The argument that says that the program is in there.</summary>
    public const string Mode = "--isolated";

    private static readonly string[] Tools = ["unshare", "nsenter", "ip", "nft"];

    /// <summary>Why it cannot be done on this machine; null when it can.</summary>
    public static string? Missing() =>
        !OperatingSystem.IsLinux() ? "network namespaces are Linux's"
        : !Environment.IsPrivilegedProcess ? "network namespaces want root"
        : Tools.FirstOrDefault(tool => !Paths(tool).Any(File.Exists)) is { } missing ? $"there is no {missing} on this machine (Debian: util-linux, iproute2, nftables)"
        : null;

    /// <summary>The program with its arguments, isolated. Ends when this process does: its standard input ends then.</summary>
    public static ProcessStartInfo Command(string program, IEnumerable<string> arguments) => new(
        "unshare",

        // The shell is process 1 in there, and adopts what servers leave behind.
        ["--net", "--pid", "--fork", "--kill-child", "--mount-proc", "/bin/bash", "-c", "\"$@\"; exit $?", "chaos", "dotnet", program, Mode, .. arguments])
    {
        RedirectStandardInput = true,
    };

    /// <summary>Isolates a command of this program and returns its exit code.</summary>
    public static async Task<int> Run(string program, IEnumerable<string> arguments)
    {
        if (Missing() is { } missing)
        {
            await Console.Error.WriteLineAsync(missing);
            return 2;
        }

        using var process = Process.Start(Command(program, arguments))!;
        Console.CancelKeyPress += (_, e) => e.Cancel = true;
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    /// <summary>To be called in there: ends the process when the one that isolated it is gone.</summary>
    public static void EndWithParent() => new Thread(WaitForParent) { IsBackground = true }.Start();

    private static void WaitForParent()
    {
        while (Console.In.Read() >= 0)
        {
        }

        Environment.Exit(3);
    }

    private static IEnumerable<string> Paths(string tool) => ["/usr/bin/" + tool, "/usr/sbin/" + tool, "/bin/" + tool, "/sbin/" + tool];
}
