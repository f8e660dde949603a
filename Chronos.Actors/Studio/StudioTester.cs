using System.Collections.Immutable;
using System.Text;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Contracts;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Studio;

namespace Chronos.Actors.Studio;

/// <summary>Makes the dispatcher of a protocol, as the pool of the node has one, with connections of its own.</summary>
public delegate IDispatcher OpenDispatcher(Protocol protocol);

/// <summary>Sends one request for a document without a job, and says what happened on the wire.</summary>
/// <remarks>
/// Through the dispatchers that send for jobs, with the same guard of addresses, templates, secrets and masks; but each trial has
/// connections of its own, so that every step of making one is seen, and no circuit: to try a target is how one finds out that it is back.
/// </remarks>
public sealed class StudioTester(OpenDispatcher open, StudioExchanges exchanges, IIdSource ids, TimeProvider time) : IDisposable
{
    /// <summary>Trials at once on a node: they are not bounded by the pools.</summary>
    public const int MostAtOnce = 16;

    /// <summary>Nobody looks on for longer; a longer time limit of the document is for the job.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private const int MostBody = 16 * 1024;

    private readonly SemaphoreSlim _room = new(MostAtOnce);

    /// <summary>Sends it, and keeps the exchange for <paramref name="user"/>. Null when too many are on their way.</summary>
    /// <param name="user">Whose exchange it is; what <see cref="StudioExchanges"/> keeps it under.</param>
    public async Task<StudioExchange?> TestAsync(TenantId tenant, string user, Principal by, StudioRequest request, CancellationToken cancellation)
    {
        if (!_room.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            return null;
        }

        try
        {
            var exchange = await SendAsync(tenant, by, request, cancellation).ConfigureAwait(false);
            exchanges.Add(user, exchange);
            return exchange;
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>Frees what it holds.</summary>
    public void Dispose() => _room.Dispose();

    private async Task<StudioExchange> SendAsync(TenantId tenant, Principal by, StudioRequest request, CancellationToken cancellation)
    {
        var id = ids.NewUlid();
        var job = request.Job;
        var at = time.GetUtcNow();
        var jobId = JobId.For(tenant, job.Name);
        var execution = ExecutionId.ForRun(jobId, id);
        var limit = job.Timeout < LongestWait ? job.Timeout : LongestWait;
        var attempt = new AttemptRequest(
            tenant, jobId, job.Name, 0, execution, 1, at, job.Target, job.Payload, limit, job.Secrets, job.Tags, TraceIds.For(execution));
        var watch = new AttemptWatch(request.SecretValues, time);
        var outcome = await DispatchAsync(attempt, watch, cancellation).ConfigureAwait(false);
        var (document, moved) = StudioDocument.WithoutCredentials(job);
        var secrets = moved.AddRange(request.SecretValues.Keys.Where(name => moved.All(secret => secret.Name != name)).Select(name => new StudioSecret(name, "secret_values")));
        return new StudioExchange(
            id, at, by.Name, outcome.Succeeded, JobDocumentWords.Of(outcome.Failure), outcome.Error is { } error ? CredentialText.Mask(error) : null,
            [.. watch.Sent.Select(sent => Show(job.Target.Protocol, sent))], Response(watch, outcome),
            new StudioTimings(Ms(watch.Dns), Ms(watch.Connect), Ms(watch.Tls), Ms(watch.FirstByte), Ms(outcome.Duration) ?? 0),
            new StudioConnection(watch.Remote, watch.TlsVersion, watch.Cipher, watch.Certificate), document, secrets, limit.TotalMilliseconds);
    }

    private async Task<AttemptOutcome> DispatchAsync(AttemptRequest attempt, AttemptWatch watch, CancellationToken cancellation)
    {
        // Only inside this method; the caller's flow is not watched.
        watch.Follow();
        var dispatcher = open(attempt.Target.Protocol);
        try
        {
            return await dispatcher.DispatchAsync(attempt, cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (dispatcher is IAsyncDisposable later)
            {
                await later.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                (dispatcher as IDisposable)?.Dispose();
            }
        }
    }

    private static StudioSent Show(Protocol protocol, SentMessage sent) => new(
        JobDocumentWords.Of(protocol), sent.Method, CredentialText.Mask(sent.Address), Fields(sent.Properties), Fields(sent.Headers.Select(header => (header.Name, header.Value))),
        AttemptWatch.TextOf(sent.Body) is { Length: > 0 } text ? ResponseReader.Excerpt(CredentialText.Mask(text), MostBody) : null, sent.Body.Length);

    private static StudioResponse Response(AttemptWatch watch, AttemptOutcome outcome) => new(
        outcome.StatusCode, watch.Version, Fields(watch.ResponseHeaders),
        outcome.OutputType ?? watch.ResponseHeaders.FirstOrDefault(header => header.Name.Equals("content-type", StringComparison.OrdinalIgnoreCase)).Value,
        outcome.Excerpt is { } excerpt ? CredentialText.Mask(excerpt) : null,
        outcome.Output?.Length ?? (outcome.Excerpt is { } whole ? Encoding.UTF8.GetByteCount(whole) : 0),
        outcome.Facts.ToImmutableSortedDictionary(fact => fact.Key, fact => CredentialText.Mask(fact.Key, fact.Value), StringComparer.Ordinal));

    private static ImmutableArray<StudioField> Fields(IEnumerable<(string Name, string Value)> fields) =>
        [.. fields.Select(field => new StudioField(field.Name, CredentialText.Mask(field.Name, field.Value)))];

    private static double? Ms(TimeSpan? span) => span is { } value ? Math.Round(value.TotalMilliseconds, 3) : null;
}
