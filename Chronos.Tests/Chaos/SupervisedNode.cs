using System.Text.Json;
using Chronos.Tests.Kit;

namespace Chronos.Tests.Chaos;

/// <summary>A node with a supervisor, as systemd or Kubernetes is one: whenever its process ends, it is started again.</summary>
internal sealed class SupervisedNode : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly NodeProcess _node;
    private readonly Action<string> _tell;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _supervision;
    private TaskCompletionSource? _held;

    public SupervisedNode(int host, NodeProcess node, Action<string> tell)
    {
        (Host, _node, _tell) = (host, node, tell);
        _node.Launch();
        _supervision = Supervise();
    }

    public int Host { get; }

    public string Name => _node.Environment["CHRONOS_NODE_NAME"];

    public string Address => $"{_node.Http.BaseAddress!.Host}:{_node.Environment["CHRONOS_CLUSTER_PORT"]}";

    public Uri Api => _node.Http.BaseAddress!;

    /// <summary>Exit codes of its processes so far; 137 is a kill.</summary>
    public List<int> Exits { get; } = [];

    public IEnumerable<string> Output => _node.Output;

    /// <summary>Kills it; it stays down until the returned action is called.</summary>
    public async Task<Action> Kill()
    {
        var held = _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _node.Kill();
        return held.SetResult;
    }

    /// <summary>Tells it to stop; it stays down until the returned action is called.</summary>
    public async Task<Action> Leave()
    {
        var held = _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _node.Signal("TERM");
        return held.SetResult;
    }

    /// <summary>The end of the process that runs.</summary>
    public Task Ended => _node.Process.WaitForExitAsync();

    public Task Signal(string name) => _node.Process.HasExited ? Task.CompletedTask : _node.Signal(name);

    /// <summary>What it answers to a GET; null when it does not, or refuses.</summary>
    public async Task<JsonElement?> Ask(string path)
    {
        using var impatient = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        try
        {
            using var answer = await _node.Http.GetAsync("api/v1/" + path, impatient.Token);
            return answer.IsSuccessStatusCode ? JsonDocument.Parse(await answer.Content.ReadAsStringAsync(impatient.Token)).RootElement : null;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            return null;
        }
    }

    public Task<JsonElement> Post(string path, object body) => _node.Post(path, body);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _held?.TrySetResult();
        await _node.DisposeAsync();
        await _supervision;
        _stop.Dispose();
    }

    private async Task Supervise()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _node.Process.WaitForExitAsync(_stop.Token);
                Exits.Add(_node.Process.ExitCode);
                if (_held is { } held)
                {
                    await held.Task;
                    _held = null;
                }
                else
                {
                    _tell($"{Name} ended with {_node.Process.ExitCode}: {_node.Output.LastOrDefault(l => l.StartsWith("chronos:", StringComparison.Ordinal))}");
                    await Task.Delay(Pause, _stop.Token);
                }

                _node.Launch();
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
