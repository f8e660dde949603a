using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Chronos.Core.Jobs;

namespace Chronos.Host.Jobs;

/// <summary>The job document, as the OpenAPI document describes it. What is valid is decided by <see cref="JobDocument"/>, not by this shape.</summary>
/// <remarks>Settable, because the generated reader overwrites the defaults of members that can only be initialized.</remarks>
internal record JobBody
{
    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public bool Enabled { get; set; } = true;

    /// <summary>A cron expression, or an object with one of <c>cron</c>, <c>every</c>, <c>at</c>.</summary>
    public JsonElement? Schedule { get; set; }

    public string Timezone { get; set; } = "UTC";

    /// <summary>The HTTP request that an execution makes.</summary>
    public JsonElement? Webhook { get; set; }

    /// <summary>The gRPC call that an execution makes.</summary>
    public JsonElement? Grpc { get; set; }

    /// <summary>The message to a NATS server that an execution sends.</summary>
    public JsonElement? Nats { get; set; }

    /// <summary>The message to RabbitMQ that an execution sends.</summary>
    public JsonElement? Rabbitmq { get; set; }

    /// <summary>The message to a topic of Kafka that an execution sends.</summary>
    public JsonElement? Kafka { get; set; }

    /// <summary>Makes an event of CloudEvents 1.0 of what is sent: mode, type, source, subject, data_content_type, data_schema, data_base64, extensions.</summary>
    public JsonElement? CloudEvent { get; set; }

    public JsonElement? Payload { get; set; }

    public string Timeout { get; set; } = "5m";

    public string? Deadline { get; set; }

    public RetryBody? Retry { get; set; }

    public string Concurrency { get; set; } = "allow";

    public int? ConcurrencyLimit { get; set; }

    public int? QueueLimit { get; set; }

    /// <summary>A name, or an object with name and limit: of all jobs that share it, so many attempts (1) are on their way at once.</summary>
    public JsonElement? ConcurrencyKey { get; set; }

    /// <summary>The word none, last or all, or an object with policy, max, window and grace.</summary>
    public JsonElement? Misfire { get; set; }

    public string Priority { get; set; } = "normal";

    /// <summary><c>concurrency</c>, <c>rate</c> (100/s, 5/m) and <c>burst</c> of the job; the same under <c>target</c>, and under <c>tags</c> by the name of a tag.</summary>
    public JsonElement? Limits { get; set; }

    public ImmutableSortedDictionary<string, string>? Tags { get; set; }

    public string? Owner { get; set; }

    public ImmutableArray<string>? Secrets { get; set; }
}

/// <summary>The <c>retry</c> part of a job document.</summary>
internal sealed record RetryBody
{
    public int? MaxAttempts { get; init; }

    public string? InitialInterval { get; init; }

    public string? MaxInterval { get; init; }

    public double? Multiplier { get; init; }

    public double? Jitter { get; init; }

    public ImmutableArray<string>? RetryOn { get; init; }
}

/// <summary>A job: its document, and what the server knows besides.</summary>
internal sealed record JobView : JobBody
{
    [JsonPropertyOrder(-1)]
    public string JobId { get; init; } = "";

    [JsonPropertyOrder(1)]
    public long Version { get; init; }

    [JsonPropertyOrder(1)]
    public int Revision { get; init; }

    [JsonPropertyOrder(1)]
    public PlanState State { get; init; }

    [JsonPropertyOrder(1)]
    public string? PauseReason { get; init; }

    [JsonPropertyOrder(1)]
    public DateTimeOffset? PausedAt { get; init; }

    [JsonPropertyOrder(1)]
    public DateTimeOffset? PausedUntil { get; init; }

    /// <summary>The next nominal time; absent when there is none, while the job does not fire, and of a fixed delay while an execution runs.</summary>
    [JsonPropertyOrder(1)]
    public DateTimeOffset? NextAt { get; init; }

    [JsonPropertyOrder(1)]
    public DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyOrder(1)]
    public string? CreatedBy { get; init; }

    [JsonPropertyOrder(1)]
    public DateTimeOffset UpdatedAt { get; init; }

    [JsonPropertyOrder(1)]
    public string? UpdatedBy { get; init; }

    /// <summary>Fields of a later build. This one shows them as they are, and refuses a document that brings them: it could not check them.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Beyond { get; set; }

    /// <summary>After a resume: how many slots were missed while the job was paused.</summary>
    [JsonPropertyOrder(1)]
    public long? Missed { get; init; }

    /// <summary>After a resume: how many of the missed slots will be run.</summary>
    [JsonPropertyOrder(1)]
    public long? CaughtUp { get; init; }
}

/// <summary>A page of jobs.</summary>
/// <param name="LagSeconds">How far the list may be behind.</param>
internal sealed record JobListView(ImmutableArray<JobView> Items, string? NextCursor, double LagSeconds);

/// <summary>What a change would do.</summary>
internal sealed record DryRunView(ApplyAction Action, ImmutableArray<ChangeView> Changes, JsonElement Document)
{
    public bool DryRun { get; } = true;
}

/// <summary>One changed place of a document. Absent: nothing stood, or stands, there.</summary>
internal sealed record ChangeView(string Path, JsonElement? From, JsonElement? To)
{
    public static ImmutableArray<ChangeView> Between(JobDefinition old, JobDefinition now) =>
        [.. JobDocumentDiff.Between(old, now).Select(c => new ChangeView(c.Path, c.Old, c.New))];
}

/// <summary>What became, or would become, of a job.</summary>
internal enum ApplyAction
{
    Created,
    Updated,
    Unchanged,
    Deleted,
}

/// <summary>Body of <c>trigger</c>.</summary>
internal sealed record TriggerBody(JsonElement? Payload, bool? Force);

/// <summary>Body of <c>pause</c>.</summary>
internal sealed record PauseBody(string? Reason, DateTimeOffset? Until);

/// <summary>Body of <c>resume</c>.</summary>
internal sealed record ResumeBody(MisfireRule? CatchUp);

/// <summary>One revision of a job.</summary>
internal sealed record RevisionView(int Revision, string Reason, string By, DateTimeOffset At, JsonElement Document);

/// <summary>A page of revisions, newest first.</summary>
internal sealed record RevisionListView(ImmutableArray<RevisionView> Items, string? NextCursor);

/// <summary>What changed between two revisions.</summary>
internal sealed record DiffView(int From, int To, ImmutableArray<ChangeView> Changes);

/// <summary>What an apply did with each document, in their order, then what was pruned.</summary>
internal sealed record ApplyView(bool DryRun, ImmutableArray<ApplyResultView> Results, int Created, int Updated, int Unchanged, int Deleted);

/// <summary>What became of one document.</summary>
/// <param name="Document">Its index, counted from 0; absent for a job that was pruned.</param>
internal sealed record ApplyResultView(int? Document, string Name, string JobId, ApplyAction Action, ImmutableArray<ChangeView>? Changes);
