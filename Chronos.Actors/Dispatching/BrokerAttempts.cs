using System.Collections.Immutable;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching;

/// <summary>How the sending of a message ended, before it is an outcome.</summary>
internal sealed record BrokerEnd(FailureClass Failure, int? Status = null, string? Error = null, ReadResponse? Response = null)
{
    public ImmutableSortedDictionary<string, string> Facts { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>A message that is ready to be sent, with everything in its place.</summary>
internal interface IBrokerMessage
{
    /// <summary>What has a circuit of its own, such as <c>nats://host:4222</c>.</summary>
    string Target { get; }

    Task<BrokerEnd> SendAsync(CancellationToken cancellation);

    /// <summary>The message as it is about to leave, for who looks on.</summary>
    SentMessage Describe();

    /// <summary>What an exception means; null for one that is a fault of ours.</summary>
    BrokerEnd? Classify(Exception error);
}

/// <summary>What an attempt over any broker has around it: preparing, time limit, cancellation, circuit, masking.</summary>
internal sealed class BrokerAttempts(ISecretSource source, CircuitBoard circuits, TimeProvider time)
{
    private const int MaxExcerpt = 4096;

    // What a timer can hold.
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(40);

    /// <param name="prepare">Throws <see cref="RequestFaultException"/> when a template or a secret is at fault.</param>
    public async Task<AttemptOutcome> RunAsync(AttemptRequest request, Func<AttemptSecrets, IBrokerMessage> prepare, CancellationToken cancellation)
    {
        var started = time.GetUtcNow();
        var clock = time.GetTimestamp();
        var secrets = new AttemptSecrets(request, source);
        IBrokerMessage message;
        try
        {
            message = prepare(secrets);
        }
        catch (RequestFaultException fault)
        {
            return Ended(new BrokerEnd(FailureClass.Request, Error: fault.Message), started, clock, secrets.Mask);
        }

        using var timeout = new CancellationTokenSource(request.Timeout < LongestTimeout ? request.Timeout : LongestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        return await circuits.SendAsync(message.Target, async () =>
        {
            BrokerEnd end;
            try
            {
                AttemptWatch.Current?.Leaves(message.Describe(), secrets.Mask);
                end = await message.SendAsync(either.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (Classify(error, message, request.Timeout, timeout.Token, cancellation) is { } known)
            {
                end = known;
            }

            return Ended(end, started, clock, secrets.Mask);
        }).ConfigureAwait(false);
    }

    /// <summary>What every broker's exceptions may hide.</summary>
    private static BrokerEnd? Classify(Exception error, IBrokerMessage message, TimeSpan limit, CancellationToken timedOut, CancellationToken cancelled)
    {
        // A connection that was torn down for us may end in any exception; who asked for it counts.
        if (cancelled.IsCancellationRequested)
        {
            return new BrokerEnd(FailureClass.Cancelled, Error: "the attempt was cancelled");
        }

        if (Causes(error).OfType<TargetRefusedException>().FirstOrDefault() is { } refused)
        {
            return new BrokerEnd(FailureClass.Request, Error: refused.Message);
        }

        return timedOut.IsCancellationRequested
            ? new BrokerEnd(FailureClass.Timeout, Error: message.Classify(error) is { Failure: FailureClass.Timeout } own ? own.Error : $"the broker did not confirm within {Durations.Format(limit)}")
            : error is RequestFaultException ? new BrokerEnd(FailureClass.Request, Error: error.Message)
            : message.Classify(error);
    }

    /// <summary>An exception and everything inside it.</summary>
    public static IEnumerable<Exception> Causes(Exception? error) => error switch
    {
        null => [],
        AggregateException many => many.InnerExceptions.SelectMany(Causes).Prepend(many),
        _ => Causes(error.InnerException).Prepend(error),
    };

    private AttemptOutcome Ended(BrokerEnd end, DateTimeOffset started, long clock, SecretMask mask)
    {
        var text = end.Response?.Text;
        var outcome = new AttemptOutcome(
            end.Failure, started, time.GetElapsedTime(clock), end.Status, end.Error is null ? null : HttpFailures.OneLine(mask.Apply(end.Error)),
            text is null ? null : ResponseReader.Excerpt(text, MaxExcerpt), null)
        {
            Facts = end.Facts.ToImmutableSortedDictionary(fact => fact.Key, fact => mask.Apply(fact.Value), StringComparer.Ordinal),
        };
        return end.Response is not { Bytes.Length: > 0 } response || (outcome.Excerpt is not null && outcome.Excerpt.Length == text!.Length && !response.Truncated)
            ? outcome
            : outcome with { Output = response.Bytes, OutputType = response.ContentType, Facts = response.Truncated ? outcome.Facts.Add("truncated", "true") : outcome.Facts };
    }
}
