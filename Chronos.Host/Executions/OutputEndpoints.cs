using System.Globalization;
using System.Net.Http.Headers;
using Chronos.Actors.Dispatching.Callbacks;
using Chronos.Core.Dispatching;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Http;

namespace Chronos.Host.Executions;

/// <summary>Takes a large output that a target made for its attempt. The token of the attempt is as good as a key.</summary>
internal static class OutputEndpoints
{
    private static readonly MediaTypeHeaderValue Unknown = new("application/octet-stream");

    public static RouteGroupBuilder MapOutputUpload(this RouteGroupBuilder api)
    {
        api.MapPut("/executions/{id}/attempts/{n}/output", Put).WithName("put_output").WithSummary("Keep an output that the target of an attempt made, in place of what it answered")
            .Needs(Scopes.ExecutionsWrite).TakesCallbackToken()
            .Produces<OutputView>().Refuses(400, 404, 409, 410, 413);
        return api;
    }

    private static async Task<IResult> Put(
        HttpContext http, string id, string n, Regions regions, ExecutionFinder executions, CallbackReports reports, CancellationToken cancellation)
    {
        if (!ExecutionId.TryParse(id, out var execution) || !int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var attempt))
        {
            return NoSuchAttempt();
        }

        CallbackReplies.Found? found = null;
        CallbackToken? token = null;
        if (http.CallbackToken() is { } text)
        {
            if (!CallbackToken.TryParse(text, out token) || token.Job != execution.Job)
            {
                return NoSuchAttempt();
            }

            switch (await regions.Ask(new CallbackCommands.Find(token.Job, token.Hash), cancellation))
            {
                case CallbackReplies.Found own when own.Execution == execution && own.Attempt == attempt: found = own; break;
                case JobReplies.Refused refused: return ProblemResult.Of(refused.Rejection);
                default: return NoSuchAttempt();
            }
        }
        else if (await executions.Find(http, execution, cancellation) is not { } known || !known.Attempts.Any(a => a.Number == attempt))
        {
            return NoSuchAttempt();
        }

        MediaTypeHeaderValue? type = Unknown;
        if (http.Request.ContentType is { Length: > 0 } given && (given.Length > 200 || !MediaTypeHeaderValue.TryParse(given, out type)))
        {
            return ProblemResult.Of(Rejection.Invalid([new Violation("Content-Type", "is no media type")]));
        }

        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, cancellation);
        if (body.Length == 0)
        {
            return ProblemResult.Of(Rejection.Invalid([new Violation("body", "is empty: the output is the body, as it is")]));
        }

        var output = reports.Upload(found, token, body.ToArray(), type);
        return await reports.KeepAsync(found?.Tenant ?? http.Tenant(), execution, attempt, output, cancellation)
            ? Results.Json(new OutputView(execution.Value, attempt, output.ContentType, output.Bytes.Length), ApiJson.Api.OutputView)
            : ProblemResult.Of(Rejection.Of(RejectionCode.Unavailable, "this node cannot keep outputs at the moment"));

        ProblemResult NoSuchAttempt() => ProblemResult.NotFound($"there is no attempt '{Short(n)}' of '{Short(id)}', or the token is not of it");
    }

    private static string Short(string text) => text.Length <= 100 ? text : text[..100];
}

/// <summary>What was kept.</summary>
/// <param name="Bytes">Its length; of a text, after secrets in it were masked.</param>
internal sealed record OutputView(string ExecutionId, int Attempt, string ContentType, int Bytes);
