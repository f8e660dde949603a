using System.Diagnostics;

namespace Chronos.Tests.Chaos;

/// <summary>
/// Three hosts on a bridge, each a network namespace of its own; the bridge is in the namespace of this process, where the database and the
/// target of the jobs are, each with an address. A packet is dropped where it arrives, so a cut has a direction.
/// </summary>
internal sealed class ChaosNetwork : IDisposable
{
    public const string Database = "10.77.0.100";
    public const string Target = "10.77.0.101";

    /// <summary>From here the nodes are asked; it is never cut, so that a node that is cut off can be looked at.</summary>
    private const string Watcher = "10.77.0.102";

    private readonly List<Process> _hosts = [];
    private readonly HashSet<(string From, string To)> _cuts = [];
    private readonly Lock _gate = new();

    public ChaosNetwork(int hosts)
    {
        Run("ip", "link set lo up");
        Run("ip", "link add br0 type bridge");
        Run("ip", "link set br0 up");
        foreach (var address in new[] { Watcher, Database, Target })
        {
            Run("ip", $"addr add {address}/24 dev br0");
        }

        for (var host = 0; host < hosts; host++)
        {
            // Nobody but this process holds the namespace.
            var holder = Process.Start("unshare", ["--net", "sleep", "infinity"])!;
            _hosts.Add(holder);
            SpinWait.SpinUntil(() => Space(holder) is { } space && space != Space(Process.GetCurrentProcess()), TimeSpan.FromSeconds(10));
            Run("ip", $"link add v{host} type veth peer name eth0 netns {holder.Id}");
            Run("ip", $"link set v{host} master br0 up");
            Inside(host, "ip", $"addr add {AddressOf(host)}/24 dev eth0");
            Inside(host, "ip", "link set eth0 up");
            Inside(host, "ip", "link set lo up");
        }
    }

    public static string AddressOf(int host) => $"10.77.0.{host + 1}";

    /// <summary>What starts a program on a host.</summary>
    public IReadOnlyList<string> Launcher(int host) => ["nsenter", $"--net=/proc/{_hosts[host].Id}/ns/net", "--"];

    /// <summary>Drops what goes from one address to another, without a word to either.</summary>
    public void Cut(IEnumerable<(string From, string To)> cuts) => Change(() => _cuts.UnionWith(cuts));

    public void Mend(IEnumerable<(string From, string To)> cuts) => Change(() => _cuts.ExceptWith(cuts));

    public void Unplug(int host) => Run("ip", $"link set v{host} down");

    public void Plug(int host) => Run("ip", $"link set v{host} up");

    public void Dispose()
    {
        foreach (var host in _hosts)
        {
            host.Kill();
            host.Dispose();
        }
    }

    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
            for (var host = 0; host < _hosts.Count; host++)
            {
                Feed([.. Launcher(host), "nft", "-f", "-"], Rules(AddressOf(host)));
            }

            Feed(["nft", "-f", "-"], Rules(Database, Target));
        }
    }

    private string Rules(params string[] own) =>
        $$"""
        flush ruleset
        table ip chaos {
          chain input {
            type filter hook input priority 0;
        {{string.Join('\n', _cuts.Where(c => own.Contains(c.To)).Select(c => $"    ip saddr {c.From} ip daddr {c.To} drop"))}}
          }
        }

        """;

    private void Inside(int host, string program, string arguments) => Feed([.. Launcher(host), program, .. arguments.Split(' ')], "");

    private static void Run(string program, string arguments) => Feed([program, .. arguments.Split(' ')], "");

    private static void Feed(IReadOnlyList<string> command, string input)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardInput = true, RedirectStandardError = true })!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}: {error}");
        }
    }

    private static string? Space(Process process) => new FileInfo($"/proc/{process.Id}/ns/net").LinkTarget;
}
