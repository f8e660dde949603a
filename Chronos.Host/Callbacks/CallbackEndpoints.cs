using Chronos.Actors.Dispatching.Callbacks;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Host.Http;

namespace Chronos.Host.Callbacks;

/// <summary>What targets call: an attempt that they accepted has ended, or still runs. The token is the credential; a key is not needed.</summary>
internal static class CallbackEndpoints
{
    private const int MaxMessage = 500;

    private static readonly TimeSpan LongestPause = TimeSpan.FromDays(1);

    public static RouteGroupBuilder MapCallbacks(this RouteGroupBuilder api)
    {
        api.MapPost("/callbacks/{token}", Complete).WithName("complete_callback").WithSummary("Report how an attempt ended; the token is used up by it").IsOpenToAll()
            .TakesJsonAsAnything<CallbackBody>().Produces<CallbackView>().Refuses(400, 404, 409, 410, 413, 415);
        api.MapPost("/callbacks/{token}/heartbeat", Heartbeat).WithName("heartbeat_callback").WithSummary("Say that an attempt still runs, and how far it is").IsOpenToAll()
            .TakesJsonAsAnything<HeartbeatBody>().Produces<CallbackView>().Refuses(400, 404, 409, 410, 413, 415);
        return api;
    }

    private static async Task<IResult> Complete(HttpContext http, string token, Regions regions, CallbackReports reports, CancellationToken cancellation)
    {
        var (key, found, refusal) = await Find(token, regions, cancellation);
        if (refusal is not null)
        {
            return refusal;
        }

        var ask = await Asked.Read(http, cancellation);
        var failed = false;
        string? error = null;
        TimeSpan? pause = null;
        CallbackOutput? output = null;
        var retryable = true;
        if (ask.Fields is { } fields)
        {
            failed = Failed(ask, fields.Text("status", 20));
            error = fields.Text("error", 4096);
            retryable = fields.Flag("retryable") ?? true;
            pause = fields.Span("retry_after", TimeSpan.Zero, LongestPause);
            output = fields.Any("output") is { } value ? reports.Output(found!, key!, value) : null;
            foreach (var (name, given) in new[] { ("error", error is not null), ("retryable", !retryable), ("retry_after", pause is not null) })
            {
                if (given && !failed)
                {
                    ask.Fault(name, "goes with the status failed only");
                }
            }
        }

        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        var result = new CallbackResult(
            !failed ? FailureClass.None : retryable ? FailureClass.ServerError : FailureClass.ClientError,
            failed ? reports.Line(found!, key!, error ?? "the target reported a failure") : null, output?.Excerpt, pause);
        var answer = Answer(await regions.Ask(new CallbackCommands.Complete(key!.Job, key.Hash, result), cancellation));
        if (output is not null && answer is not ProblemResult)
        {
            reports.Keep(found!, output);
        }

        return answer;
    }

    private static async Task<IResult> Heartbeat(HttpContext http, string token, Regions regions, CallbackReports reports, CancellationToken cancellation)
    {
        var (key, found, refusal) = await Find(token, regions, cancellation);
        if (refusal is not null)
        {
            return refusal;
        }

        var ask = await Asked.Read(http, cancellation);
        var percent = ask.Fields?.Real("progress", 0, 100);
        var message = ask.Fields?.Text("message", MaxMessage);
        return ask.Problem() is { } problem
            ? problem
            : Answer(await regions.Ask(new CallbackCommands.Beat(key!.Job, key.Hash, percent, message is null ? null : reports.Line(found!, key, message)), cancellation));
    }

    private static bool Failed(Asked ask, string? status)
    {
        if (status is not (null or "succeeded" or "failed"))
        {
            ask.Fault("status", "is succeeded or failed");
        }

        return status == "failed";
    }

    /// <summary>Before the body is read: strangers make the node read nothing.</summary>
    private static async Task<(CallbackToken? Token, CallbackReplies.Found? Found, IResult? Refusal)> Find(string text, Regions regions, CancellationToken cancellation)
    {
        if (!CallbackToken.TryParse(text, out var token))
        {
            return (null, null, ProblemResult.NotFound("no attempt waits for this token"));
        }

        return await regions.Ask(new CallbackCommands.Find(token.Job, token.Hash), cancellation) switch
        {
            CallbackReplies.Found found => (token, found, null),
            JobReplies.Refused refused => (null, null, ProblemResult.Of(refused.Rejection)),
            var other => throw new InvalidOperationException($"a look for a callback was answered by {other.GetType()}"),
        };
    }

    private static IResult Answer(ITimetableReply reply) => reply switch
    {
        CallbackReplies.Noted noted => Results.Json(
            new CallbackView(noted.Execution.Value, noted.Attempt, noted.Status, noted.ExpiresAt, noted.RetryAt), ApiJson.Api.CallbackView),
        JobReplies.Refused refused => ProblemResult.Of(refused.Rejection),
        var other => throw new InvalidOperationException($"a callback was answered by {other.GetType()}"),
    };
}
