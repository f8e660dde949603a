using System.Net.Sockets;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>What a status code or an exception of the network means.</summary>
internal static class HttpFailures
{
    private const int LongestError = 500;
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromDays(1);

    public static FailureClass OfStatus(int code) => code switch
    {
        408 => FailureClass.Timeout,
        429 => FailureClass.TooManyRequests,
        >= 500 => FailureClass.ServerError,
        _ => FailureClass.ClientError,
    };

    public static string Describe(int code, HttpResponseMessage response) => code is >= 300 and < 400 && response.Headers.Location is { } location
        ? $"the target answered {code} and redirects to {location.OriginalString.Split('?')[0]}; the job does not follow redirects"
        : $"the target answered {code}{(string.IsNullOrEmpty(response.ReasonPhrase) ? string.Empty : " " + response.ReasonPhrase)}";

    /// <summary>Seconds or a date, never negative, at most a day.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time)
    {
        var wait = response.Headers.RetryAfter is not { } after ? null : after.Delta ?? (after.Date - time.GetUtcNow());
        return wait is null ? null : wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestRetryAfter ? LongestRetryAfter : wait;
    }

    /// <summary>How an exception ends the attempt; null for one that is a fault of ours.</summary>
    public static HttpEnd? Classify(Exception error, TimeSpan timeout, CancellationToken timedOut, CancellationToken cancelled)
    {
        // A connection that was torn down for us may end in any exception; who asked for it counts.
        if (error is OperationCanceledException or HttpRequestException or IOException)
        {
            if (cancelled.IsCancellationRequested)
            {
                return new HttpEnd(FailureClass.Cancelled, Error: "the attempt was cancelled");
            }

            if (timedOut.IsCancellationRequested)
            {
                return new HttpEnd(FailureClass.Timeout, Error: $"no complete answer within {Durations.Format(timeout)}");
            }
        }

        if (Find<TargetRefusedException>(error) is { } refused)
        {
            return new HttpEnd(FailureClass.Request, Error: refused.Message);
        }

        return error switch
        {
            RequestFaultException => new HttpEnd(FailureClass.Request, Error: error.Message),
            HttpRequestException http => new HttpEnd(FailureClass.Connect, Error: Describe(http)),
            OperationCanceledException => new HttpEnd(FailureClass.Connect, Error: "no connection to the target within the time for connecting"),
            HttpIOException or IOException => new HttpEnd(FailureClass.Connect, Error: "the connection broke before the answer was complete"),
            FormatException or UriFormatException or InvalidOperationException or NotSupportedException =>
                new HttpEnd(FailureClass.Request, Error: $"the request cannot be made: {error.GetType().Name}"),
            _ => null,
        };
    }

    public static string OneLine(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length > LongestError ? line[..LongestError] : line;
    }

    private static string Describe(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "the name of the target cannot be resolved",
        HttpRequestError.SecureConnectionError => "no secure connection to the target: its certificate or its TLS is not accepted",
        HttpRequestError.ResponseEnded => "the connection ended before the answer was complete",
        HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError => "the target does not answer in HTTP",
        HttpRequestError.VersionNegotiationError => "the target does not speak the version of HTTP that the job asks for",
        HttpRequestError.ProxyTunnelError => "the proxy does not open a way to the target",
        HttpRequestError.UserAuthenticationError => "the proxy does not accept the credentials",
        HttpRequestError.ConfigurationLimitExceeded => "the headers of the answer are too long",
        _ => Find<SocketException>(error) is { } socket ? $"cannot connect to the target: {socket.SocketErrorCode}" : "the connection to the target broke",
    };

    private static T? Find<T>(Exception? error)
        where T : Exception
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is T found)
            {
                return found;
            }
        }

        return null;
    }
}
