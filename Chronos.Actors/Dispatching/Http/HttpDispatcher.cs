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
    private readonly OAuthTokens _tokens;
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
        _tokens = new OAuthTokens(options, time);
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
        var target = TargetOf(prepared.Url);
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

        if (prepared.Grant is not { } grant)
        {
            return await Send(null).ConfigureAwait(false);
        }

        var cached = _tokens.Find(grant);
        var (token, refused) = await TokenAsync(grant, cached, line.Client, run, Guarded, either.Token).ConfigureAwait(false);
        var outcome = refused ?? await Send(token).ConfigureAwait(false);
        if (outcome.StatusCode != 401 || cached is null)
        {
            return outcome;
        }

        // It was good once. Another one, once: what is refused then was not refused for its age.
        _tokens.Forget(grant, cached);
        (token, refused) = await TokenAsync(grant, null, line.Client, run, Guarded, either.Token).ConfigureAwait(false);
        return refused ?? await Send(token).ConfigureAwait(false);
    }

    private static string TargetOf(Uri url) => $"{url.Scheme}://{url.IdnHost}:{url.Port}";

    /// <summary>The token, hidden from now on, or the outcome that says why there is none. The endpoint has a circuit of its own.</summary>
    private async Task<(string? Token, AttemptOutcome? Refused)> TokenAsync(
        OAuthGrant grant, string? cached, HttpMessageInvoker client, Run run, Func<Func<Task<HttpEnd>>, Task<AttemptOutcome>> guarded, CancellationToken cancellation)
    {
        var token = cached;
        AttemptOutcome? outcome = null;
        if (token is null)
        {
            outcome = await _circuits.SendAsync(TargetOf(grant.Url), () => guarded(async () =>
            {
                try
                {
                    if (grant.Route.Proxy is not null)
                    {
                        await _guard.JudgeAsync(grant.Url.IdnHost, cancellation).ConfigureAwait(false);
                    }

                    token = await _tokens.GetAsync(grant, client, cancellation).ConfigureAwait(false);
                    return new HttpEnd(FailureClass.None);
                }
                catch (OAuthFaultException fault)
                {
                    return new HttpEnd(fault.Failure, Error: fault.Message, RetryAfter: fault.RetryAfter);
                }
            })).ConfigureAwait(false);
        }

        if (token is not null)
        {
            run.Secrets.Hide(token);
        }

        return (token, token is null ? outcome : null);
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
