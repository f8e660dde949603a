using System.CommandLine;
using System.Text.Json.Nodes;
using Chronos.Cli.Documents;

namespace Chronos.Cli.Commands;

/// <summary>The flags of <c>job create</c>, one for each part of the document that is often needed; the rest is for files.</summary>
internal static class JobFlags
{
    private static readonly Option<string> Name = Of("--name", "unique name");
    private static readonly Option<string> Schedule = Of("--schedule", "cron expression, @daily, @every 90s, or a JSON object");
    private static readonly Option<string> Every = Of("--every", "interval instead of --schedule");
    private static readonly Option<string> At = Of("--at", "one time instead of --schedule");
    private static readonly Option<string> Timezone = Of("--timezone", "IANA zone of the schedule (default UTC)");
    private static readonly Option<string> Url = Of("--url", "where the request goes");
    private static readonly Option<string> Method = Of("--method", "HTTP method (default POST)");
    private static readonly Option<string> Body = Of("--body", "text, JSON, or @file");
    private static readonly Option<string[]> Headers = new("--header", "-H") { Description = "key=value; may be given several times", HelpName = "k=v" };
    private static readonly Option<string[]> Tags = new("--tag") { Description = "key=value; may be given several times", HelpName = "k=v" };
    private static readonly Option<string> Payload = Of("--payload", "JSON, or @file");
    private static readonly Option<string> Timeout = Of("--timeout", "of one attempt (default 5m)");
    private static readonly Option<string> Deadline = Of("--deadline", "of the execution with all its retries");
    private static readonly Option<int?> MaxAttempts = new("--max-attempts") { Description = "attempts of one execution (default 3)", HelpName = "n" };
    private static readonly Option<string> Concurrency = Of("--concurrency", "allow, forbid, replace or queue");
    private static readonly Option<string> Misfire = Of("--misfire", "none, last or all");
    private static readonly Option<string> Priority = Of("--priority", "low, normal, high or critical");
    private static readonly Option<string> Description = Of("--description", "text");
    private static readonly Option<string> Owner = Of("--owner", "who to ask");
    private static readonly Option<bool> Disabled = new("--disabled") { Description = "do not fire until it is enabled" };

    public static readonly Symbol[] All =
    [
        Name, Schedule, Every, At, Timezone, Url, Method, Body, Headers, Tags, Payload, Timeout, Deadline, MaxAttempts,
        Concurrency, Misfire, Priority, Description, Owner, Disabled,
    ];

    /// <summary>Those that say what is sent.</summary>
    public static readonly Symbol[] Request = [Url, Method, Body, Headers, Payload, Timeout];

    public static bool Any(Call call) => call.Has(All.OfType<Option>());

    public static bool AnyRequest(Call call) => call.Has(Request.OfType<Option>());

    /// <summary>A document without a name, of what is sent alone.</summary>
    public static SourceDocument Trial(Call call)
    {
        if (call.Of(Url) is null)
        {
            throw CliFailure.Usage("give --url");
        }

        var job = new JsonObject { ["webhook"] = Webhook(call) };
        Put(job, "payload", Content(call, call.Of(Payload)));
        Put(job, "timeout", call.Of(Timeout));
        return new SourceDocument("", 0, JsonText.ToElement(job));
    }

    public static SourceDocument Document(Call call)
    {
        if (call.Of(Name) is null || call.Of(Url) is null)
        {
            throw CliFailure.Usage("give --file, or at least --name and --url");
        }

        var job = new JsonObject();
        Put(job, "name", call.Of(Name));
        Put(job, "description", call.Of(Description));
        if (call.Of(Disabled))
        {
            job["enabled"] = false;
        }

        Put(job, "schedule", ScheduleOf(call));
        Put(job, "timezone", call.Of(Timezone));
        job["webhook"] = Webhook(call);
        Put(job, "payload", Content(call, call.Of(Payload)));
        Put(job, "timeout", call.Of(Timeout));
        Put(job, "deadline", call.Of(Deadline));
        if (call.Of(MaxAttempts) is { } attempts)
        {
            job["retry"] = new JsonObject { ["max_attempts"] = attempts };
        }

        Put(job, "concurrency", call.Of(Concurrency));
        Put(job, "misfire", call.Of(Misfire) is { } policy ? new JsonObject { ["policy"] = policy } : null);
        Put(job, "priority", call.Of(Priority));
        Put(job, "tags", Map("--tag", call.Of(Tags)));
        Put(job, "owner", call.Of(Owner));
        return new SourceDocument("", 0, JsonText.ToElement(job));
    }

    private static JsonNode? ScheduleOf(Call call)
    {
        JsonNode?[] given =
        [
            call.Of(Schedule) is { } text ? ScheduleArgument.Read(text) : null,
            call.Of(Every) is { } every ? new JsonObject { ["every"] = every } : null,
            call.Of(At) is { } at ? new JsonObject { ["at"] = Core.Kernel.Rfc3339.Format(TimeArgument.Read("--at", at, call.Now)) } : null,
        ];
        return given.Count(g => g is not null) <= 1 ? given.FirstOrDefault(g => g is not null) : throw CliFailure.Usage("give one of --schedule, --every and --at");
    }

    private static JsonObject Webhook(Call call)
    {
        var webhook = new JsonObject();
        Put(webhook, "url", call.Of(Url));
        Put(webhook, "method", call.Of(Method));
        Put(webhook, "headers", Map("--header", call.Of(Headers)));
        Put(webhook, "body", Content(call, call.Of(Body)));
        return webhook;
    }

    private static JsonObject? Map(string option, string[]? pairs) => pairs is { Length: > 0 }
        ? new JsonObject(pairs.Select(p => Arguments.Pair(option, p)).Select(p => KeyValuePair.Create(p.Key, (JsonNode?)JsonValue.Create(p.Value))))
        : null;

    private static JsonNode? Content(Call call, string? text)
    {
        var content = text is ['@', .. var file] ? JobFiles.Text(call, file) : text;
        return content is null ? null : JsonText.TryParse(content, out var json) ? JsonNode.Parse(json.GetRawText()) : JsonValue.Create(content);
    }

    private static void Put(JsonObject json, string name, JsonNode? value)
    {
        if (value is not null)
        {
            json[name] = value;
        }
    }

    private static Option<string> Of(string name, string description) => new(name) { Description = description, HelpName = name[2..] };
}
