using System.Net;
using System.Net.Http.Json;
using Chronos.Tests.Kit;

namespace Chronos.Tests.Cluster;

/// <summary>
/// Somebody who uses the API all the time, by way of a balancer: each node is asked in turn while its <c>/health/ready</c> says yes, with reads,
/// changes and runs. What is neither an answer nor a 503 with <c>Retry-After</c> is written down.
/// </summary>
internal sealed class ApiCaller : IAsyncDisposable
{
    /// <summary>How often a balancer looks.</summary>
    private static readonly TimeSpan Probe = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _stop = new();
    private readonly IReadOnlyList<NodeProcess> _nodes;
    private readonly bool[] _inRotation;
    private readonly List<Task> _loops = [];
    private readonly Lock _gate = new();
    private readonly List<string> _failures = [];

    public ApiCaller(IReadOnlyList<NodeProcess> nodes, string job)
    {
        (_nodes, _inRotation) = (nodes, new bool[nodes.Count]);
        for (var n = 0; n < nodes.Count; n++)
        {
            var number = n;
            _loops.Add(Task.Run(() => Look(number)));
            _loops.Add(Task.Run(() => Call(number, job)));
        }
    }

    public int Answered { get; private set; }

    /// <summary>Calls that were answered with 503 and <c>Retry-After</c>.</summary>
    public int Deferred { get; private set; }

    public TimeSpan Slowest { get; private set; }

    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_gate)
            {
                return [.. _failures];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
        _stop.Dispose();
    }

    private async Task Look(int number)
    {
        using var probe = new HttpClient { BaseAddress = _nodes[number].Http.BaseAddress, Timeout = TimeSpan.FromSeconds(2) };
        using var pace = new PeriodicTimer(Probe);
        do
        {
            try
            {
                using var answer = await probe.GetAsync("health/ready", _stop.Token);
                Volatile.Write(ref _inRotation[number], answer.StatusCode == HttpStatusCode.OK);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                Volatile.Write(ref _inRotation[number], false);
            }
        }
        while (await Next(pace));
    }

    private async Task Call(int number, string job)
    {
        using var client = new HttpClient { BaseAddress = _nodes[number].Http.BaseAddress, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Add("X-API-Key", _nodes[number].Http.DefaultRequestHeaders.GetValues("X-API-Key"));
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(25));
        for (var count = 0; await Next(pace); count++)
        {
            if (!Volatile.Read(ref _inRotation[number]))
            {
                continue;
            }

            using var request = Request(count, job);
            var began = DateTimeOffset.UtcNow;
            try
            {
                using var answer = await client.SendAsync(request);
                Note(answer, $"{_nodes[number].Environment["CHRONOS_NODE_NAME"]} {request.Method} {request.RequestUri}", await answer.Content.ReadAsStringAsync(), DateTimeOffset.UtcNow - began);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                Fail($"{began:HH:mm:ss.fff} {_nodes[number].Environment["CHRONOS_NODE_NAME"]} {request.Method} {request.RequestUri}: {e.Message} {e.InnerException?.Message}");
            }
        }
    }

    private static HttpRequestMessage Request(int count, string job) => (count % 4) switch
    {
        0 => new HttpRequestMessage(HttpMethod.Get, $"api/v1/jobs/{job}"),
        1 => new HttpRequestMessage(HttpMethod.Patch, $"api/v1/jobs/{job}") { Content = JsonContent.Create(new { description = $"change {count}" }) },
        2 => new HttpRequestMessage(HttpMethod.Get, "api/v1/executions?limit=5"),
        _ => new HttpRequestMessage(HttpMethod.Get, "api/v1/cluster"),
    };

    private void Note(HttpResponseMessage answer, string what, string body, TimeSpan took)
    {
        lock (_gate)
        {
            Slowest = took > Slowest ? took : Slowest;
            if (answer.IsSuccessStatusCode)
            {
                Answered++;
                return;
            }

            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable && answer.Headers.RetryAfter?.Delta > TimeSpan.Zero)
            {
                Deferred++;
                return;
            }
        }

        Fail($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {what}: {(int)answer.StatusCode} {body}");
    }

    private void Fail(string what)
    {
        lock (_gate)
        {
            _failures.Add(what);
        }
    }

    private async ValueTask<bool> Next(PeriodicTimer pace)
    {
        try
        {
            return await pace.WaitForNextTickAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
