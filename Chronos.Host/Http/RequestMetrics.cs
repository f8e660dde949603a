using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Chronos.Host.Http;

/// <summary>Measures every request by route pattern, never by address, so that the number of series is bounded.</summary>
internal sealed class RequestMetrics : IDisposable
{
    private static readonly string[] KnownMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;

    public RequestMetrics(IMeterFactory factory)
    {
        _meter = factory.Create("Chronos");
        _duration = _meter.CreateHistogram("chronos_http_request_duration_seconds", "s", "Time to answer a request", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
        });
    }

    public async Task Measure(HttpContext http, RequestDelegate next)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            await next(http);
        }
        finally
        {
            var method = Array.Find(KnownMethods, m => m == http.Request.Method) ?? "other";
            _duration.Record(
                Stopwatch.GetElapsedTime(started).TotalSeconds,
                new("route", (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "none"),
                new("method", method),
                new("status", http.Response.StatusCode));
        }
    }

    public void Dispose() => _meter.Dispose();
}
