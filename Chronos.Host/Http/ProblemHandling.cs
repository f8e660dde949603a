using Akka.Actor;
using Chronos.Actors.Projections;
using Chronos.Core.Kernel;
using Microsoft.AspNetCore.Diagnostics;

namespace Chronos.Host.Http;

/// <summary>Makes problem details of everything that goes wrong outside the endpoints' own hands.</summary>
internal sealed partial class ProblemHandling(ILogger<ProblemHandling> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to read an answer.
            httpContext.Response.StatusCode = 499;
            return true;
        }

        // The route, not the path: a path is whatever somebody sent, line breaks too.
        var route = httpContext.Features.Get<IExceptionHandlerFeature>()?.Endpoint?.DisplayName ?? httpContext.Request.Method;
        await Of(exception, route).ExecuteAsync(httpContext);
        return true;
    }

    /// <summary>Answers that routing and the server give without a body.</summary>
    public static Task WriteForStatus(StatusCodeContext context)
    {
        var http = context.HttpContext;
        var problem = http.Response.StatusCode switch
        {
            404 => ProblemResult.NotFound($"there is nothing at {http.Request.Path}"),
            405 => ProblemResult.Of("method_not_allowed", 405, $"{http.Request.Method} is not available at {http.Request.Path}"),
            415 => ProblemResult.Of("unsupported_media_type", 415, $"'{http.Request.ContentType}' is not understood here; send application/json"),
            413 => ProblemResult.Of(Rejection.Of(RejectionCode.PayloadTooLarge, "the request is larger than allowed")),
            var status => ProblemResult.Of("refused", status, $"refused with status {status}"),
        };
        return problem.ExecuteAsync(http);
    }

    private ProblemResult Of(Exception exception, string route)
    {
        switch (exception)
        {
            case BadHttpRequestException { StatusCode: 413 }:
                return ProblemResult.Of(Rejection.Of(RejectionCode.PayloadTooLarge, "the request is larger than allowed"));
            case BadHttpRequestException bad:
                return ProblemResult.Of("bad_request", bad.StatusCode, bad.Message);
            case AskTimeoutException or TimeoutException:
                return ProblemResult.Of(Rejection.Of(RejectionCode.Unavailable, "no answer in time; what was asked may still have been done, so repeat it with the same Idempotency-Key"));
            case ReadModelUnavailableException unavailable:
                return ProblemResult.Of(Rejection.Of(RejectionCode.Unavailable, unavailable.Message));
            default:
                Failed(exception, route);
                return ProblemResult.Of("internal_error", 500, "this is a fault of the server; its log names the trace");
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed at {Route}")]
    private partial void Failed(Exception exception, string route);
}
