using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Kit;
using Chronos.Tests.Laws;
using Xunit;
using YamlDotNet.Serialization;

namespace Chronos.Tests.Docker;

/// <summary>Alert rules and dashboard, against Prometheus' own tool and against what a node serves.</summary>
public sealed partial class PrometheusTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "docker", "prometheus");

    [Theory]
    [InlineData("check", "config", "--syntax-only", "prometheus.yml")]
    [InlineData("check", "rules", "--lint-fatal", "alerts.yml")]
    [InlineData("test", "rules", "alerts.test.yml")]
    public async Task Prometheus_accepts_the_files_and_raises_each_alert_by_what_it_is_for(params string[] arguments)
    {
        ProgramRun.Require("promtool");
        var run = await ProgramRun.Of("promtool", [.. arguments[..^1], Path.Combine(Folder, arguments[^1])]);
        Assert.True(run.Exit == 0, run.Out + run.Error);
    }

    [Fact]
    public async Task Every_metric_of_the_rules_and_the_dashboard_is_served_by_a_node_with_the_labels_that_they_use()
    {
        var counters = new HashSet<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == "Chronos" && instrument is Counter<long>)
            {
                counters.Add(instrument.Name);
            }
        };
        listener.Start();
        await using (await HostFixture.Start())
        {
            // Made and gone: it has told which counters there are.
        }

        // In a process of its own: meters of several nodes in one process would be taken for one.
        using var folder = new TemporaryFolder();
        await using var node = new NodeProcess(folder.Location, "--no-demo");
        await node.Start();
        await node.Post("jobs", new { name = "measured", schedule = "* * * * * *", webhook = new { url = $"{node.Http.BaseAddress}echo/x" } });
        var metrics = "";
        await Eventually.True(
            async () => (metrics = await node.Http.GetStringAsync("metrics")).Contains("chronos_circuit_state{", StringComparison.Ordinal) && metrics.Contains("chronos_executions_total{", StringComparison.Ordinal),
            TimeSpan.FromSeconds(60));
        var served = Served(metrics);

        var expressions = Rules().Concat(Panels()).ToList();
        Assert.True(expressions.Count > 40, $"only {expressions.Count} expressions were found");
        Assert.All(expressions, expression => Assert.All(Metric().Matches(expression), used =>
        {
            var name = used.Groups[1].Value;

            // A counter is served from its first count on, and not everything happens in this test.
            Assert.True(served.ContainsKey(name) || counters.Contains(name), $"no node serves {name}, used in {expression}");
            foreach (var label in Label().Matches(used.Groups[2].Value).Select(l => l.Groups[1].Value).Where(l => l is not ("instance" or "job")))
            {
                Assert.True(!served.TryGetValue(name, out var labels) || labels.Contains(label), $"{name} has no label {label}, used in {expression}");
            }
        }));
    }

    [Fact]
    public async Task A_prometheus_scrapes_a_node_with_a_key_that_can_only_read_and_evaluates_every_rule()
    {
        ProgramRun.Require("prometheus");
        await using var node = await HostFixture.Start();
        var key = (await node.Post("/api/v1/keys", """{"name":"prometheus","scopes":["cluster:read"]}""")).Text("key")!;
        var folder = Directory.CreateTempSubdirectory("chronos-prometheus-").FullName;
        System.Diagnostics.Process? server = null;
        try
        {
            File.WriteAllText(Path.Combine(folder, "metrics.key"), key);
            File.Copy(Path.Combine(Folder, "alerts.yml"), Path.Combine(folder, "alerts.yml"));
            var config = File.ReadAllText(Path.Combine(Folder, "prometheus.yml"));
            foreach (var (ours, here) in new[]
            {
                ("""["chronos-1:8080", "chronos-2:8080", "chronos-3:8080"]""", $"[\"{new Uri(node.Address).Authority}\"]"),
                ("/run/secrets/metrics.key", Path.Combine(folder, "metrics.key")),
                ("_interval: 5s", "_interval: 1s"),
            })
            {
                Assert.Contains(ours, config, StringComparison.Ordinal);
                config = config.Replace(ours, here, StringComparison.Ordinal);
            }

            File.WriteAllText(Path.Combine(folder, "prometheus.yml"), config);
            var port = TestPort.Free();
            server = await BrokerProgram.StartAsync(
                "/usr/bin/prometheus",
                [$"--config.file={folder}/prometheus.yml", $"--storage.tsdb.path={folder}/data", $"--web.listen-address=127.0.0.1:{port}"],
                new Dictionary<string, string>(), Path.Combine(folder, "log"), port);
            using var prometheus = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/api/v1/") };
            await Eventually.True(
                async () => (await prometheus.GetAsync("query?query=up{job=\"chronos\"} and on(instance) chronos_leader")) is { IsSuccessStatusCode: true } answer
                    && (await answer.Content.ReadAsStringAsync()).Contains(",\"1\"]", StringComparison.Ordinal),
                TimeSpan.FromSeconds(30));
            await Eventually.True(
                async () => Evaluated(await prometheus.GetStringAsync("rules")).All(health => health == "ok"), TimeSpan.FromSeconds(30));
            Assert.Equal(Rules().Count(), Evaluated(await prometheus.GetStringAsync("rules")).Count);
        }
        finally
        {
            await BrokerProgram.KillAsync(server);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Panels_have_places_of_their_own_and_the_datasource_that_is_provisioned()
    {
        using var dashboard = Dashboard();
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();
        Assert.Equal(panels.Count, panels.Select(p => p.GetProperty("id").GetInt32()).Distinct().Count());
        var cells = panels.Select(p => p.GetProperty("gridPos")).SelectMany(g =>
            from x in Enumerable.Range(g.GetProperty("x").GetInt32(), g.GetProperty("w").GetInt32())
            from y in Enumerable.Range(g.GetProperty("y").GetInt32(), g.GetProperty("h").GetInt32())
            select (x, y)).ToList();
        Assert.Equal(cells.Count, cells.Distinct().Count());
        Assert.All(cells, c => Assert.InRange(c.x, 0, 23));
        var source = File.ReadAllText(Path.Combine(Repository.Root, "docker", "grafana", "provisioning", "datasources", "prometheus.yaml"));
        Assert.All(panels.Where(p => p.TryGetProperty("datasource", out _)), p =>
            Assert.Contains($"uid: {p.GetProperty("datasource").GetProperty("uid").GetString()}", source, StringComparison.Ordinal));
    }

    private static List<string> Evaluated(string rules) =>
        [.. JsonDocument.Parse(rules).RootElement.GetProperty("data").GetProperty("groups").EnumerateArray()
            .SelectMany(g => g.GetProperty("rules").EnumerateArray()).Select(r => r.GetProperty("health").GetString()!)];

    private static IEnumerable<string> Rules()
    {
        var file = new DeserializerBuilder().Build().Deserialize<Dictionary<string, List<Dictionary<string, object>>>>(File.ReadAllText(Path.Combine(Folder, "alerts.yml")));
        return file["groups"].SelectMany(g => (List<object>)g["rules"]).Select(r => (string)((Dictionary<object, object>)r)["expr"]);
    }

    private static List<string> Panels()
    {
        using var dashboard = Dashboard();
        return [.. dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(p => p.TryGetProperty("targets", out _))
            .SelectMany(p => p.GetProperty("targets").EnumerateArray()).Select(t => t.GetProperty("expr").GetString()!)];
    }

    private static JsonDocument Dashboard() => JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "docker", "grafana", "dashboards", "chronos.json")));

    /// <summary>Names of the samples with the labels that they have.</summary>
    private static Dictionary<string, HashSet<string>> Served(string exposition)
    {
        var served = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (Match sample in Sample().Matches(exposition))
        {
            var name = sample.Groups[1].Value;
            served.TryAdd(name, []);
            served[name].UnionWith(Label().Matches(sample.Groups[2].Value).Select(l => l.Groups[1].Value));
        }

        return served;
    }

    [GeneratedRegex(@"\b(chronos_[a-z_]+)(\{[^}]*\})?", RegexOptions.None, 1000)]
    private static partial Regex Metric();

    [GeneratedRegex(@"^([a-z_]+)(\{.*\})? [^ \n]+", RegexOptions.Multiline, 1000)]
    private static partial Regex Sample();

    [GeneratedRegex(@"([a-z_]+)\s*(?:=~|!=|!~|=)\s*""", RegexOptions.None, 1000)]
    private static partial Regex Label();
}
