using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Chronos.Benchmarks.Kit;

/// <summary>What a target received since it was asked last.</summary>
/// <param name="Early">Requests before their time.</param>
/// <param name="Requests">Arrival against the nominal time of each request, in the order of arrival: a target that waits for nothing cannot omit what came late.</param>
internal sealed record Arrivals(int Count, int Executions, int Early, IReadOnlyList<Arrival> Requests)
{
    [JsonIgnore]
    public IEnumerable<double> LatenessMs => Requests.Select(r => r.LatenessMs);
}

/// <summary>One request.</summary>
internal readonly record struct Arrival(DateTimeOffset Nominal, double LatenessMs);

/// <summary>A Kestrel in a process of its own that takes webhooks and notes when each arrived.</summary>
internal sealed class TargetServer : IDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    private readonly Process _process = ChildProcess.Start(ChildProcess.TargetMode);
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromMinutes(2) };

    public TargetServer() => Url = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the target did not start");

    public string Url { get; }

    /// <summary>Serves some thousand requests, as a target that has been there for a while has done.</summary>
    public async Task WarmUp()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 4_000), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (_, cancellation) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Url + "/");
            request.Headers.Add("X-Chronos-Scheduled-Time", "2026-01-01T00:00:00Z");
            using var answer = await _client.SendAsync(request, cancellation);
        });
        await Take();
    }

    public async Task<int> Count() => await _client.GetFromJsonAsync<int>(Url + "/_count");

    /// <summary>Everything that came, and forgets it.</summary>
    public async Task<Arrivals> Take() => (await _client.GetFromJsonAsync<Arrivals>(Url + "/_take"))!;

    /// <summary>The execution of every request until now.</summary>
    public async Task<IReadOnlyList<string>> Ids() => (await _client.GetFromJsonAsync<List<string>>(Url + "/_ids"))!;

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
        _client.Dispose();
    }

    /// <summary>The other side: runs until its standard input ends.</summary>
    public static async Task Run()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        var seen = new ConcurrentQueue<(DateTimeOffset At, string Execution, string Nominal)>();
        app.MapGet("/_count", () => seen.Count);
        app.MapGet("/_ids", () => seen.Select(r => r.Execution).ToList());
        app.MapGet("/_take", () =>
        {
            var taken = Interlocked.Exchange(ref seen, []);
            var requests = taken.Select(r => (r.At, Nominal: DateTimeOffset.Parse(r.Nominal, CultureInfo.InvariantCulture)))
                .Select(r => new Arrival(r.Nominal, (r.At - r.Nominal).TotalMilliseconds)).ToArray();
            return new Arrivals(taken.Count, taken.Select(r => r.Execution).Distinct().Count(), requests.Count(r => r.LatenessMs < 0), requests);
        });
        app.MapPost("/", (HttpContext context) =>
        {
            var at = DateTimeOffset.UtcNow;
            var headers = context.Request.Headers;
            seen.Enqueue((at, headers["X-Chronos-Execution-Id"].ToString(), headers["X-Chronos-Scheduled-Time"].ToString()));
            return Task.CompletedTask;
        });
        app.MapPost("/hang", (HttpContext context) => Task.Delay(Hang, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default));
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
    }
}
