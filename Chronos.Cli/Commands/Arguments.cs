using System.CommandLine;
using System.Text.Json.Nodes;

namespace Chronos.Cli.Commands;

/// <summary>Arguments and options that several verbs share. One instance may sit in many verbs.</summary>
internal static class Arguments
{
    public static readonly Argument<string> Job = new("job") { Description = "id or name" };

    public static readonly Argument<string> Execution = new("execution") { Description = "execution id" };

    public static readonly Option<string> IfMatch = new("--if-match") { Description = "only if this is still the version (ETag) of the job", HelpName = "version" };

    public static readonly Option<string> IdempotencyKey = new("--idempotency-key")
    {
        Description = "makes a repeated call do its work once; made up for each call when absent",
        HelpName = "key",
    };

    /// <summary>Not made up: a change that finds nothing to change is written down when it has a key, so that it is not done when it is repeated later.</summary>
    public static readonly Option<string> OwnKey = new("--idempotency-key") { Description = "makes a repeated call do its work once", HelpName = "key" };

    public static readonly Option<bool> DryRun = new("--dry-run") { Description = "check it and show what would change; change nothing" };

    public static readonly Option<int?> Limit = new("--limit") { Description = "items on a page, 1 to 500", HelpName = "n" };

    public static readonly Option<string> Cursor = new("--cursor") { Description = "where the previous page ended", HelpName = "cursor" };

    public static readonly Option<bool> All = new("--all") { Description = "all pages" };

    public static readonly Option<string> From = new("--from") { Description = "from this time on (inclusive)", HelpName = "time" };

    public static readonly Option<string> To = new("--to") { Description = "until before this time (exclusive)", HelpName = "time" };

    public static readonly Option<string> Tag = new("--tag") { Description = "with this tag: key, or key=value", HelpName = "k=v" };

    /// <summary>A POST on something that exists, under an idempotency key.</summary>
    public static ApiRequest Post(this Call call, string path, JsonNode? body = null) => call.Keyed(HttpMethod.Post, path).With(body);

    /// <summary>Under the caller's idempotency key, or one that is made up for this call.</summary>
    public static ApiRequest Keyed(this Call call, HttpMethod method, string path) =>
        new(method, path) { IdempotencyKey = call.Of(IdempotencyKey) ?? Guid.NewGuid().ToString("N"), IfMatch = call.EntityTag() };

    /// <summary>The version as an entity tag: <c>7</c>, <c>"7"</c> and <c>W/"7"</c> are all understood.</summary>
    public static string? EntityTag(this Call call) => call.Of(Arguments.IfMatch) switch
    {
        null => null,
        "*" => "*",
        var tag when tag.EndsWith('"') => tag,
        var bare => $"\"{bare}\"",
    };

    public static string JobPath(this Call call) => $"/jobs/{Segment("job", call.Of(Job))}";

    public static string ExecutionPath(string execution) => $"/executions/{Segment("execution", execution)}";

    /// <summary>One step of a path. Dots alone would climb to another route.</summary>
    public static string Segment(string name, string text) => text switch
    {
        "" => throw CliFailure.Usage($"{name}: is empty"),
        "." or ".." => throw CliFailure.Usage($"{name}: '{text}' is none"),
        _ => Uri.EscapeDataString(text),
    };

    /// <summary>Splits <c>key=value</c>.</summary>
    public static (string Key, string Value) Pair(string option, string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
            ? (text[..at], text[(at + 1)..])
            : throw CliFailure.Usage($"{option}: '{text}' is not key=value");
}
