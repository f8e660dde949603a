using System.Net;
using System.Text.Json;
using Chronos.Cli.Output;
using Chronos.Core.Kernel;

namespace Chronos.Cli;

/// <summary>Reads problem details and says them as a <see cref="CliFailure"/>: one line, then one line per field.</summary>
internal static class Problem
{
    public static CliFailure Read(ApiAnswer answer, ServerSettings settings)
    {
        var problem = IsProblem(answer) ? answer.Json : JsonText.EmptyObject;
        var code = problem.Text("code");
        var said = problem.Text("detail") ?? problem.Text("title") ?? $"the server answered {(int)answer.Status}";
        var violations = problem.Items("errors").Select(e => new Violation(Field(e), e.Text("message") ?? ""))
            .Concat(problem.Items("violations").Select(v => v.ValueKind == JsonValueKind.String
                ? new Violation("", v.GetString()!)
                : new Violation(v.Text("field") ?? v.Text("policy") ?? "", v.Text("message") ?? "")));
        return new CliFailure(ExitOf(answer.Status), code is null ? said : $"{said} ({code})", [.. violations], [.. Remarks(answer, problem, settings)]);
    }

    /// <summary>The one switch from the server's refusal to an exit code; the codes of problem details follow the status.</summary>
    public static int ExitOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ExitCode.Denied,
        HttpStatusCode.NotFound or HttpStatusCode.Gone => ExitCode.NotFound,
        HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed => ExitCode.Conflict,
        HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout => ExitCode.Unreachable,
        _ => ExitCode.Refused,
    };

    // In a request of many documents an error says which one, counted from 0.
    private static string Field(JsonElement error) => (error.Text("field") ?? "", error.Text("document")) switch
    {
        (var field, null) => field,
        ("", var document) => $"documents[{document}]",
        (var field, _) when field.StartsWith("documents[", StringComparison.Ordinal) => field,
        var (field, document) => $"documents[{document}].{field}",
    };

    private static IEnumerable<string> Remarks(ApiAnswer answer, JsonElement problem, ServerSettings settings)
    {
        if (answer.Status == HttpStatusCode.Unauthorized)
        {
            yield return settings.Key is null ? $"no key was sent (looked at: {settings.KeyOrigin})" : $"the key from {settings.KeyOrigin} was sent";
        }

        if (answer.RetryAfter is { } wait)
        {
            yield return $"retry after {wait} s";
        }

        if ((int)answer.Status >= 500 && problem.Text("trace_id") is { } trace)
        {
            yield return $"trace_id {trace}";
        }
    }

    private static bool IsProblem(ApiAnswer answer) =>
        answer.Body.Length > 0 && answer.MediaType is "application/problem+json" or "application/json" && answer.Json.ValueKind == JsonValueKind.Object;
}
