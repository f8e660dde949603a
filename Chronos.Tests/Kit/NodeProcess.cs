using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Chronos.Tests.Laws;

namespace Chronos.Tests.Kit;

/// <summary>A node as an operator has it: the built program in a process of its own, that can be killed.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private readonly string[] _options;
    private readonly string _address;
    private Process? _process;
    private HttpClient? _http;

    public NodeProcess(string data, params string[] options)
        : this(data, "127.0.0.1", TestPort.Free(), options)
    {
    }

    /// <summary>A node that listens on an address of its own, as one in another network namespace does.</summary>
    public NodeProcess(string data, string address, int port, params string[] options)
    {
        (Data, _options, Port) = (data, options, port);
        _address = address;
    }

    public string Data { get; }

    public int Port { get; }

    /// <summary>What is run; by default the program of this build.</summary>
    public string Program { get; init; } = Path.Combine(Repository.Root, "Chronos.Host", "bin", Configuration, "net10.0", "Chronos.Host.dll");

    public HttpClient Http => _http ??= new HttpClient(Handler()) { BaseAddress = new Uri($"{Scheme}://{_address}:{Port}/"), Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>PEM of the authority of the node's certificate; absent: it is asked in the clear. Certificate and key are settings.</summary>
    public string? Authority { get; set; }

    /// <summary>The administrator's key of <c>serve</c>; absent: the node is in dev mode and made its own.</summary>
    public string? Key { get; init; }

    /// <summary>Makes the next start of another build out of its arguments; absent: it is of this one.</summary>
    public Func<string[], ProcessStartInfo>? Build { get; set; }

    /// <summary>The program that starts it, with its arguments, where it is not started directly. It has to become the node, not to stay its parent.</summary>
    public IReadOnlyList<string> Launcher { get; init; } = [];

    /// <summary>Settings beyond the options.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public ConcurrentQueue<string> Output { get; } = [];

    public Process Process => _process ?? throw new InvalidOperationException("the node was not started");

    /// <summary>Starts the node and returns when it is ready; the time is from process start to the first answer of <c>/health/ready</c>.</summary>
    public async Task<TimeSpan> Start()
    {
        var watch = Stopwatch.StartNew();
        Launch();
        await Eventually.True(async () =>
        {
            if (Process.HasExited)
            {
                throw new InvalidOperationException($"the node ended with {Process.ExitCode}:\n{string.Join('\n', Output)}");
            }

            try
            {
                return (await Http.GetAsync("health/ready")).StatusCode == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, TimeSpan.FromSeconds(60));
        var ready = watch.Elapsed;
        UseKey(Key ?? (await File.ReadAllTextAsync(Path.Combine(Data, "admin.key"))).Trim());
        return ready;
    }

    /// <summary>Starts the node and waits for nothing.</summary>
    public void Launch()
    {
        string[] arguments = [.. Key is null ? (string[])["dev", "--port", $"{Port}"] : ["serve", $"--http-url={Http.BaseAddress}"], $"--data={Data}", .. _options];
        string[] command = [.. Launcher, "dotnet", Program, .. arguments];
        var start = Build?.Invoke(arguments) ?? new ProcessStartInfo(command[0], command[1..]);
        (start.RedirectStandardOutput, start.RedirectStandardError, start.WorkingDirectory) = (true, true, Path.GetTempPath());
        foreach (var key in start.Environment.Keys.Where(k => k.StartsWith("CHRONOS_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(key);
        }

        if (Key is not null)
        {
            start.Environment["CHRONOS_ADMIN_KEY"] = Key;
        }

        foreach (var (key, value) in Environment)
        {
            start.Environment[key] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) => Output.Enqueue(e.Data ?? "");
        _process.ErrorDataReceived += (_, e) => Output.Enqueue(e.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        if (Key is not null && !Http.DefaultRequestHeaders.Contains("X-API-Key"))
        {
            UseKey(Key);
        }
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task Kill()
    {
        Process.Kill();
        await Process.WaitForExitAsync();
    }

    /// <summary>Sends it a signal such as <c>STOP</c>.</summary>
    public async Task Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Ends it as an operator would, with SIGTERM. Returns its exit code.</summary>
    public async Task<int> Stop()
    {
        await Signal("TERM");
        await Process.WaitForExitAsync();
        return Process.ExitCode;
    }

    public async Task<JsonElement> Get(string path)
    {
        using var answer = await Http.GetAsync("api/v1/" + path);
        return await Json(answer);
    }

    public async Task<JsonElement> Post(string path, object body)
    {
        using var answer = await Http.PostAsJsonAsync("api/v1/" + path, body);
        return await Json(answer);
    }

    /// <summary>As a caller does it who is told to come again: a 503 with <c>Retry-After</c> is asked once more.</summary>
    public async Task<JsonElement> PostPatiently(string path, object body)
    {
        using var answer = await Http.PostPatiently(path, body);
        return await Json(answer);
    }

    private string Scheme => Authority is null ? "http" : "https";

    private SocketsHttpHandler Handler()
    {
        var handler = new SocketsHttpHandler();
        if (Authority is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPem(Authority);
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        return handler;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await Kill();
        }

        _process?.Dispose();
        Http.Dispose();
    }

    private void UseKey(string key)
    {
        Http.DefaultRequestHeaders.Remove("X-API-Key");
        Http.DefaultRequestHeaders.Add("X-API-Key", key);
    }

    private static async Task<JsonElement> Json(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode
            ? JsonDocument.Parse(text).RootElement
            : throw new HttpRequestException($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri} answered {(int)answer.StatusCode}: {text}");
    }

#if DEBUG
    internal const string Configuration = "Debug";
#else
    internal const string Configuration = "Release";
#endif
}
