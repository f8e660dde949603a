using System.Net;
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
    private readonly GuardedConnector _guard;
    private readonly HttpLines _lines;
    private readonly OAuthSource _oauth;
    private readonly ConnectionPace _pace;

    public HttpDispatcher(HttpDispatchOptions options, ISecretSource secrets, CircuitBoard circuits, TimeProvider time)
        : this(options, secrets, circuits, time, static (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation))
    {
    }

    internal HttpDispatcher(HttpDispatchOptions options, ISecretSource secrets, CircuitBoard circuits, TimeProvider time, ResolveName resolve)
    {
        (_options, _secrets, _circuits, _time) = (options, secrets, circuits, time);
        _guard = new GuardedConnector(resolve, options.AllowPrivateTargets);
        _lines = new HttpLines(options, _guard, time);
        _oauth = new OAuthSource(options, circuits, _guard, time);
        _pace = new ConnectionPace(options.FirstConnections, time);
    }

    public Protocol Protocol => Protocol.Http;

    public async Task<AttemptOutcome> DispatchAsync(AttemptRequest request, CancellationToken cancellation)
    {
        var run = new Run(new AttemptSecrets(request, _secrets), _time.GetUtcNow(), _time.GetTimestamp());
        WebhookRequest prepared;
        HttpLines.Lease line;
        try
        {
            prepared = WebhookRequest.Prepare(request, run.Secrets);
            line = _lines.Rent(prepared.Route);
        }
        catch (RequestFaultException fault)
        {
            return Ended(new HttpEnd(FailureClass.Request, Error: fault.Message), run);
        }

        using var held = line;
        var target = OAuthSource.TargetOf(prepared.Url);
        try
        {
            await _pace.EnterAsync(target, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return Ended(new HttpEnd(FailureClass.Cancelled, Error: "cancelled before it was sent"), run);
        }

        try
        {
            // The time of the attempt runs from here.
            return await SendAsync(request, prepared, line, target, new Run(run.Secrets, _time.GetUtcNow(), _time.GetTimestamp()), cancellation).ConfigureAwait(false);
        }
        finally
        {
            _pace.Leave(target);
        }
    }

    public void Dispose()
    {
        _lines.Dispose();
        _pace.Dispose();
    }

    private async Task<AttemptOutcome> SendAsync(
        AttemptRequest request, WebhookRequest prepared, HttpLines.Lease line, string target, Run run, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(request.Timeout < LongestTimeout ? request.Timeout : LongestTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        async Task<AttemptOutcome> Guarded(Func<Task<HttpEnd>> step)
        {
            HttpEnd end;
            try
            {
                end = await step().ConfigureAwait(false);
            }
            catch (Exception e) when (HttpFailures.Classify(e, request.Timeout, timeout.Token, cancellation) is { } known)
            {
                end = known;
            }

            return Ended(end, run);
        }

        Task<AttemptOutcome> Send(string? token) => _circuits.SendAsync(target, () => Guarded(() =>
            new HttpExchange(line.Client, _guard, _options, request, prepared, run.Secrets, token, _time).RunAsync(run.Secrets.Mask, either.Token)));

        return prepared.Grant is { } grant
            ? await _oauth.SendAsync(grant, run.Secrets, line.Client, Guarded, Send, static outcome => outcome.StatusCode == 401, either.Token).ConfigureAwait(false)
            : await Send(null).ConfigureAwait(false);
    }

    private AttemptOutcome Ended(HttpEnd end, Run run)
    {
        var text = end.Response?.Text;
        var outcome = new AttemptOutcome(
            end.Failure, run.Started, _time.GetElapsedTime(run.Clock), end.Status, end.Error is null ? null : HttpFailures.OneLine(run.Secrets.Mask.Apply(end.Error)),
            text is null ? null : ResponseReader.Excerpt(text, _options.MaxExcerpt), end.RetryAfter)
        {
            Facts = end.Facts,
        };
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

    private sealed record Run(AttemptSecrets Secrets, DateTimeOffset Started, long Clock);
}
