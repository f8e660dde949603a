using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Chronos.Tests.Kit;

/// <summary>What the fixtures of real brokers have in common: the program, ports, the process.</summary>
internal static class BrokerProgram
{
    /// <summary>The setting that says below which folder brokers keep their data; the system's folder for temporary files otherwise.</summary>
    public const string DataSetting = "CHRONOS_TEST_BROKER_DATA";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Skips the test where the program is missing; under CI it fails.</summary>
    public static string Require(string name, params string[] places)
    {
        if (places.FirstOrDefault(File.Exists) is { } found)
        {
            return found;
        }

        Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", $"there is no {name} on this machine");
        Assert.Fail($"there is no {name} on this machine, and under CI=true it must be");
        return "";
    }

    public static string NewFolder(string prefix) => Environment.GetEnvironmentVariable(DataSetting) is { Length: > 0 } place
        ? Directory.CreateDirectory(Path.Combine(place, prefix + Path.GetRandomFileName())).FullName
        : Directory.CreateTempSubdirectory(prefix).FullName;

    /// <summary>Starts a program whose output goes to a file and waits until the port answers.</summary>
    public static async Task<Process> StartAsync(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string output, int port)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >>\"$0\" 2>&1", output, program, .. arguments]) { WorkingDirectory = Path.GetDirectoryName(output)! };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        await Eventually.True(() => process.HasExited ? throw new InvalidOperationException($"{program} ended: {File.ReadAllText(output)}") : Answers(port), Patience);
        return process;
    }

    /// <summary><c>kill -9</c> with whatever it started.</summary>
    public static async Task KillAsync(Process? process)
    {
        if (process is { HasExited: false })
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process?.Dispose();
    }

    private static bool Answers(int port)
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
