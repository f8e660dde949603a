using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>Sends with a token of client credentials, whatever the protocol: fetches it, and once more when the target does not take one that was good.</summary>
internal sealed class OAuthSource(HttpDispatchOptions options, CircuitBoard circuits, GuardedConnector guard, TimeProvider time)
{
    private readonly OAuthTokens _tokens = new(options, time);

    /// <param name="client">The way to the token endpoint.</param>
    /// <param name="guarded">Runs a step and makes an outcome of its end, as the protocol does of each.</param>
    /// <param name="isRefusal">Whether an outcome of the target means that it does not take the token.</param>
    public async Task<AttemptOutcome> SendAsync(
        OAuthGrant grant, AttemptSecrets secrets, HttpMessageInvoker client, Func<Func<Task<HttpEnd>>, Task<AttemptOutcome>> guarded,
        Func<string, Task<AttemptOutcome>> send, Func<AttemptOutcome, bool> isRefusal, CancellationToken cancellation)
    {
        var cached = _tokens.Find(grant);
        var (token, refused) = await TokenAsync(cached).ConfigureAwait(false);
        if (token is null)
        {
            return refused!;
        }

        var outcome = await send(token).ConfigureAwait(false);
        if (cached is null || !isRefusal(outcome))
        {
            return outcome;
        }

        // It was good once. Another one, once: what is refused then was not refused for its age.
        _tokens.Forget(grant, cached);
        (token, refused) = await TokenAsync(null).ConfigureAwait(false);
        return token is null ? refused! : await send(token).ConfigureAwait(false);

        // The token, hidden from now on, or the outcome that says why there is none. The endpoint has a circuit of its own.
        async Task<(string? Token, AttemptOutcome? Refused)> TokenAsync(string? known)
        {
            var found = known;
            var ended = known is not null ? null : await circuits.SendAsync(TargetOf(grant.Url), () => guarded(async () =>
            {
                try
                {
                    if (grant.Route.Proxy is not null)
                    {
                        await guard.JudgeAsync(grant.Url.IdnHost, cancellation).ConfigureAwait(false);
                    }

                    found = await _tokens.GetAsync(grant, client, cancellation).ConfigureAwait(false);
                    return new HttpEnd(FailureClass.None);
                }
                catch (OAuthFaultException fault)
                {
                    return new HttpEnd(fault.Failure, Error: fault.Message, RetryAfter: fault.RetryAfter);
                }
            })).ConfigureAwait(false);
            if (found is not null)
            {
                secrets.Hide(found);
            }

            return (found, found is null ? ended : null);
        }
    }

    public static string TargetOf(Uri url) => TargetName.Place(url.Scheme, url.IdnHost, url.Port);
}
