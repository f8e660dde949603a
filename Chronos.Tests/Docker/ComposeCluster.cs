using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Chronos.Tests.Kit;
using Chronos.Tests.Laws;
using Xunit;

namespace Chronos.Tests.Docker;

/// <summary>
/// <c>docker/compose.yaml</c> as an operator has it: three containers of an image of this build and one of PostgreSQL, on an engine of
/// the tests' own. It is started by the first test that asks, and nothing of it is left afterwards.
/// </summary>
public sealed class ComposeCluster : IAsyncDisposable
{
    private static readonly string Scripts = Path.Combine(Repository.Root, "Chronos.Tests", "Docker");
    private static readonly string Files = Path.Combine(Repository.Root, "docker");
    private static readonly string[] Names = ["chronos-1", "chronos-2", "chronos-3"];

    private readonly Lazy<Task> _up;
    private readonly Dictionary<string, string> _environment = [];
    private readonly List<HttpClient> _clients = [];
    private string? _folder;

    public ComposeCluster() => _up = new Lazy<Task>(StartAsync);

    /// <summary>From <c>docker-compose up</c> to the moment at which all three were ready.</summary>
    internal TimeSpan Took { get; private set; }

    internal IReadOnlyList<string> Nodes => Names;

    /// <summary>Running and complete; skips the test where there can be no engine, under CI it fails.</summary>
    internal async Task Up()
    {
        ProgramRun.Require("dockerd", "docker", "docker-compose", "debootstrap", "ip", "nsenter", "sha256sum");
        Assert.SkipUnless(Environment.IsPrivilegedProcess || Environment.GetEnvironmentVariable("CI") == "true", "an engine of one's own needs root");
        await _up.Value;
    }

    /// <summary>The API of a node, by the port that it publishes.</summary>
    internal HttpClient Api(string node) => _clients[Array.IndexOf(Names, node)];

    internal async Task<JsonElement> Get(string node, string path) => JsonDocument.Parse(await Api(node).GetStringAsync("api/v1/" + path)).RootElement;

    /// <summary>Repeats what is answered with 503, as the answer says: a shard may be on its way to another node.</summary>
    internal Task<HttpResponseMessage> Post(string node, string path, object body) => Api(node).PostPatiently(path, body);

    internal Task<ProgramRun> Docker(params string[] arguments) => ProgramRun.Of("docker", arguments, _environment);

    internal Task<ProgramRun> Compose(params string[] arguments) =>
        ProgramRun.Of("docker-compose", ["--file", Path.Combine(Files, "compose.yaml"), .. arguments], _environment);

    internal async Task<string> Container(string node) => (await Compose("ps", "--quiet", node)).Good.Trim();

    internal async Task<ProgramRun> In(string node, params string[] command) => await Docker(["exec", await Container(node), .. command]);

    internal async Task<string> Inspect(string node, string format) => (await Docker("inspect", "--format", format, await Container(node))).Good.Trim();

    /// <summary>All of these nodes are ready and see each other, and nobody else, up and reachable.</summary>
    internal async Task Complete(params string[] nodes)
    {
        foreach (var node in nodes)
        {
            await Eventually.True(async () => await IsReady(node) && await Sees(node, nodes.Length), TimeSpan.FromSeconds(90));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        if (_folder is not null)
        {
            await ProgramRun.Of("bash", Path.Combine(Scripts, "engine.sh"), "stop", _folder);
            var left = (await File.ReadAllTextAsync("/proc/self/mountinfo")).Contains(_folder, StringComparison.Ordinal) ? "mounts"
                : Directory.Exists(_folder) ? "files"
                : File.Exists(Path.Combine("/run/netns", Path.GetFileName(_folder))) ? "a network namespace" : null;
            Assert.True(left is null, $"the engine left {left} behind in {_folder}");
        }
    }

    private async Task StartAsync()
    {
        var folder = _folder = Directory.CreateTempSubdirectory("chronos-docker-").FullName;
        _environment["DOCKER_HOST"] = (await ProgramRun.Of("bash", Path.Combine(Scripts, "engine.sh"), "start", folder)).Good.Trim();
        _environment["DOCKER_BUILDKIT"] = "0";
        var (work, published, secrets) = (Directory.CreateDirectory(Path.Combine(folder, "work")).FullName, Path.Combine(folder, "published"), Path.Combine(folder, "secrets"));
        var images = ProgramRun.Of("bash", [Path.Combine(Scripts, "images.sh"), work], _environment);
        var program = ProgramRun.Of("sh", Path.Combine(Files, "publish.sh"), published, "--configuration", NodeProcess.Configuration, "--no-build");
        _ = ((await images).Good, (await program).Good, (await ProgramRun.Of("sh", Path.Combine(Files, "secrets.sh"), secrets)).Good);
        _ = (await Docker("build", "--file", Path.Combine(Files, "Dockerfile"), "--target", "published", "--build-arg", "BASE=local/aspnet", "--tag", "local/chronos", published)).Good;

        _environment["COMPOSE_PROJECT_NAME"] = "chronos";
        _environment["CHRONOS_IMAGE"] = "local/chronos";
        _environment["POSTGRES_IMAGE"] = "local/postgres";
        _environment["CHRONOS_SECRETS"] = secrets;
        _environment["CHRONOS_ALLOW_PRIVATE_TARGETS"] = "true";
        var key = (await File.ReadAllTextAsync(Path.Combine(secrets, "admin.key"))).Trim();
        foreach (var port in (int[])[8081, 8082, 8083])
        {
            _clients.Add(NetworkSpace.Client(Path.GetFileName(folder), port));
            _clients[^1].DefaultRequestHeaders.Add("X-API-Key", key);
        }

        var watch = Stopwatch.StartNew();
        _ = (await Compose("up", "--detach", "--no-build")).Good;
        await Task.WhenAll(Names.Select(n => Eventually.True(() => IsReady(n), TimeSpan.FromSeconds(120))));
        Took = watch.Elapsed;
        await Complete(Names);
    }

    private async Task<bool> IsReady(string node)
    {
        try
        {
            using var answer = await Api(node).GetAsync("health/ready");
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<bool> Sees(string node, int count)
    {
        try
        {
            var cluster = await Get(node, "cluster");
            var members = cluster.GetProperty("members").EnumerateArray().ToList();
            return members.Count == count && members.TrueForAll(m => m.GetProperty("status").GetString() == "up" && m.GetProperty("reachable").GetBoolean())
                && cluster.GetProperty("leader").GetString() is { Length: > 0 };
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
