using Chronos.Tests.Laws;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Chronos.Tests.Docker;

/// <summary>The compose files as they stand, without an engine.</summary>
public sealed class ComposeFileTests
{
    private static readonly string Files = Path.Combine(Repository.Root, "docker");

    [Theory]
    [InlineData("compose.yaml")]
    [InlineData("compose.yaml", "compose.brokers.yaml")]
    [InlineData("compose.yaml", "compose.observe.yaml")]
    [InlineData("compose.yaml", "compose.brokers.yaml", "compose.observe.yaml")]
    public async Task Compose_accepts_the_files_together(params string[] files)
    {
        ProgramRun.Require("docker-compose");
        var run = await ProgramRun.Of("docker-compose", [.. files.SelectMany(f => (string[])["--file", Path.Combine(Files, f)]), "--project-name", "check", "config", "--quiet"]);
        Assert.True(run.Exit == 0, run.Error);
    }

    [Fact]
    public void A_node_starts_with_the_environment_of_its_service_and_knows_the_others()
    {
        var nodes = Services("compose.yaml").Where(s => s.Key.StartsWith("chronos-", StringComparison.Ordinal)).ToList();
        var secrets = new Dictionary<string, string> { ["admin.key"] = new('k', 64), ["postgres"] = "Host=postgres;Database=chronos;Username=chronos;Password=p" };
        var settings = nodes.ConvertAll(n => NodeSettings.Of(
            Map(n.Value, "environment").ToDictionary(v => v.Key, v => NodeSettings.Defaults((string)v.Value)), secrets));

        Assert.Equal(3, settings.Count);
        Assert.All(settings, s => Assert.Equal(settings.Select(o => $"{o.ClusterHost}:{o.ClusterPort}"), s.ClusterSeeds));
        Assert.Equal(nodes.Select(n => n.Key), settings.Select(s => s.NodeName));
        Assert.All(nodes, n => Assert.Contains(
            settings.Single(s => s.NodeName == n.Key).ClusterHost, ((List<object>)Map(Map(n.Value, "networks"), "nodes")["aliases"]).Cast<string>()));
        Assert.False(settings[0].AllowPrivateTargets);
    }

    [Theory]
    [InlineData("compose.yaml")]
    [InlineData("compose.observe.yaml")]
    public void Every_service_is_bounded_watched_and_without_rights(string file)
    {
        foreach (var (name, service) in Services(file))
        {
            Assert.True((string)service["read_only"] == "true", name);
            Assert.True(((List<object>)service["cap_drop"]).SequenceEqual(["ALL"]), name);
            Assert.Contains("no-new-privileges:true", ((List<object>)service["security_opt"]).Cast<string>());
            Assert.True(service.Keys.ToHashSet().IsSupersetOf(["mem_limit", "cpus", "pids_limit", "healthcheck", "restart"]), name);
            Assert.All(service.TryGetValue("ports", out var ports) ? (List<object>)ports : [], p => Assert.StartsWith("127.0.0.1:", (string)p, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_script_makes_every_secret_that_the_files_mount_and_keeps_those_that_are_there()
    {
        var folder = Directory.CreateTempSubdirectory("chronos-secrets-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "admin.key"), "mine");
            _ = (await ProgramRun.Of("sh", Path.Combine(Files, "secrets.sh"), folder)).Good;
            Assert.Equal("mine", File.ReadAllText(Path.Combine(folder, "admin.key")));
            Assert.Contains($"Password={File.ReadAllText(Path.Combine(folder, "postgres.password")).Trim()}", File.ReadAllText(Path.Combine(folder, "postgres")), StringComparison.Ordinal);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
            }

            // The key of Prometheus can only be made by a cluster that runs.
            var mounted = Directory.EnumerateFiles(Files, "compose*.yaml").SelectMany(f => Map(Read(f), "secrets").Keys).ToHashSet();
            Assert.Equal(mounted.Order(StringComparer.Ordinal), Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)).Append("metrics.key").Order(StringComparer.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<KeyValuePair<string, Dictionary<string, object>>> Services(string file) =>
        Map(Read(Path.Combine(Files, file)), "services").Select(s => KeyValuePair.Create(s.Key, AsMap(s.Value)));

    private static Dictionary<string, object> Read(string file)
    {
        using var text = new StreamReader(file);
        return new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(new MergingParser(new Parser(text)));
    }

    private static Dictionary<string, object> Map(Dictionary<string, object> of, string name) => AsMap(of[name]);

    private static Dictionary<string, object> AsMap(object value) =>
        value as Dictionary<string, object> ?? ((Dictionary<object, object>)value).ToDictionary(m => (string)m.Key, m => m.Value);
}
