using System.Globalization;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Grpc.Core;

namespace Chronos.Actors.Dispatching.Grpc;

/// <summary>The call cannot be made, or its answer is known without a status of the method.</summary>
internal sealed class GrpcFaultException(FailureClass failure, StatusCode? status, string message) : Exception(message)
{
    public FailureClass Failure { get; } = failure;

    public StatusCode? Status { get; } = status;
}

/// <summary>How a call ended, before it is an outcome.</summary>
internal sealed record GrpcEnd(FailureClass Failure, StatusCode? Status = null, string? Error = null, ReadResponse? Response = null, TimeSpan? RetryAfter = null, int? Messages = null);

/// <summary>What a status of gRPC means.</summary>
internal static class GrpcFailures
{
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromDays(1);

    public static FailureClass OfStatus(StatusCode code) => code switch
    {
        StatusCode.OK => FailureClass.None,
        StatusCode.DeadlineExceeded => FailureClass.Timeout,
        StatusCode.ResourceExhausted => FailureClass.TooManyRequests,
        StatusCode.Unavailable or StatusCode.Aborted or StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled => FailureClass.ServerError,
        _ => FailureClass.ClientError,
    };

    /// <summary>The name of a status as its specification writes it.</summary>
    public static string NameOf(StatusCode code) => code switch
    {
        StatusCode.OK => "OK",
        _ => string.Concat(code.ToString().Select((c, index) => index > 0 && char.IsAsciiLetterUpper(c) ? $"_{c}" : char.ToUpperInvariant(c).ToString())),
    };

    /// <param name="timedOut">Whether the time limit of the attempt is over.</param>
    public static GrpcEnd Classify(RpcException error, TimeSpan timeout, bool timedOut, CancellationToken cancelled)
    {
        if (cancelled.IsCancellationRequested)
        {
            return new GrpcEnd(FailureClass.Cancelled, Error: "the attempt was cancelled");
        }

        if (timedOut)
        {
            return new GrpcEnd(FailureClass.Timeout, Error: $"no complete answer within {Durations.Format(timeout)}");
        }

        // What went wrong on this side of the wire comes with its exception; what the target said comes without.
        if (error.Status.DebugException is { } own && HttpFailures.Classify(own, timeout, CancellationToken.None, CancellationToken.None) is { } end)
        {
            return new GrpcEnd(end.Failure, Error: end.Error);
        }

        var detail = error.Status.Detail;
        var tooLarge = error.StatusCode == StatusCode.ResourceExhausted
            && (detail.Contains("maximum configured message size", StringComparison.Ordinal) || detail.Contains("message larger than max", StringComparison.Ordinal));
        return new GrpcEnd(
            tooLarge ? FailureClass.ClientError : OfStatus(error.StatusCode), error.StatusCode,
            $"the target answered {NameOf(error.StatusCode)}{(detail.Length > 0 ? ": " + detail : string.Empty)}", RetryAfter: RetryAfter(error.Trailers));
    }

    private static TimeSpan? RetryAfter(Metadata trailers) =>
        long.TryParse(trailers.Get("grpc-retry-pushback-ms")?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var wait)
            ? TimeSpan.FromMilliseconds(Math.Min(wait, (long)LongestRetryAfter.TotalMilliseconds))
            : null;
}
