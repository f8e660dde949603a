using System.Diagnostics;
using System.Net;
using System.Text;
using Chronos.Core.Dispatching;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>Sends attempts over HTTP.</summary>
public sealed class HttpDispatcher : IDispatcher, IDisposable
{
    // What a timer can hold.
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(40);

    private readonly HttpDispatchOptions _options;
    private readonly ISecretSource _secrets;
    private readonly CircuitBoard _circuits;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _client;

    public HttpDispatcher(HttpDispatchOptions options, ISecretSource secrets, CircuitBoard circuits, TimeProvider time)
        : this(options, secrets, circuits, time, static (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation))
    {
    }

    internal HttpDispatcher(HttpDispatchOptions options, ISecretSource secrets, CircuitBoard circuits, TimeProvider time, ResolveName resolve)
    {
        (_options, _secrets, _circuits, _time) = (options, secrets, circuits, time);
        var connector = new GuardedConnector(resolve, options.AllowPrivateTargets);
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = connector.ConnectAsync,
            PlaintextStreamFilter = AttemptWatch.Filter,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = options.ConnectionLifetime,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            MaxConnectionsPerServer = int.MaxValue,
            EnableMultipleHttp2Connections = true,
            MaxResponseHeadersLength = 64,

            // A proxy from the environment would be connected to instead of the target, past the guard.
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,

            // What is not read is not waited for: the connection goes.
            MaxResponseDrainSize = 0,
            ResponseDrainTimeout = TimeSpan.Zero,
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        });
    }

    public Protocol Protocol => Protocol.Http;

    public async Task<AttemptOutcome> DispatchAsync(AttemptRequest request, CancellationToken cancellation)
    {
        var started = _time.GetUtcNow();
        var clock = _time.GetTimestamp();
        var secrets = new AttemptSecrets(request, _secrets);
        WebhookRequest prepared;
        try
        {
            prepared = WebhookRequest.Prepare(request, secrets);
        }
        catch (RequestFaultException fault)
        {
            return Ended(new HttpEnd(FailureClass.Request, Error: fault.Message), started, clock, secrets.Mask);
        }

        var mask = secrets.Mask;
        using var timeout = new CancellationTokenSource(request.Timeout < LongestTimeout ? request.Timeout : LongestTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        var exchange = new HttpExchange(_client, _options, request, prepared, secrets, _time);
        return await _circuits.SendAsync(TargetOf(prepared.Url), async () =>
        {
            HttpEnd end;
            try
            {
                end = await exchange.RunAsync(mask, either.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (HttpFailures.Classify(e, request.Timeout, timeout.Token, cancellation) is { } known)
            {
                end = known;
            }

            return Ended(end, started, clock, mask);
        }).ConfigureAwait(false);
    }

    public void Dispose() => _client.Dispose();

    private static string TargetOf(Uri url) => $"{url.Scheme}://{url.IdnHost}:{url.Port}";

    private AttemptOutcome Ended(HttpEnd end, DateTimeOffset started, long clock, SecretMask mask)
    {
        var text = end.Response?.Text;
        var outcome = new AttemptOutcome(
            end.Failure, started, _time.GetElapsedTime(clock), end.Status, end.Error is null ? null : HttpFailures.OneLine(mask.Apply(end.Error)),
            text is null ? null : ResponseReader.Excerpt(text, _options.MaxExcerpt), end.RetryAfter);
        if (end.Response is not { Bytes.Length: > 0 } response || (outcome.Excerpt is not null && outcome.Excerpt.Length == text!.Length && !response.Truncated))
        {
            return outcome;
        }

        return outcome with
        {
            Output = response.Bytes,
            OutputType = response.ContentType,
            Facts = response.Truncated ? outcome.Facts.Add("truncated", "true") : outcome.Facts,
        };
    }
}
