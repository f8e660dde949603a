using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs;

/// <summary>
/// What a job is: the validated, normalized job document. Immutable; each change is a new revision.
/// Read and written only by <see cref="JobDocument"/>, in the API, in files and in the journal alike.
/// </summary>
[JsonConverter(typeof(JobDocumentConverter))]
public sealed record JobDefinition
{
    public required string Name { get; init; }

    public string? Description { get; init; }

    public bool Enabled { get; init; } = true;

    /// <summary>Absent: the job runs only when somebody triggers it.</summary>
    public ScheduleSpec? Schedule { get; init; }

    /// <summary>IANA zone of the schedule.</summary>
    public string Timezone { get; init; } = "UTC";

    public required DispatchTarget Target { get; init; }

    /// <summary>JSON text, or absent.</summary>
    public string? Payload { get; init; }

    /// <summary>Limit of one attempt.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>Limit of the execution with all its retries.</summary>
    public TimeSpan? Deadline { get; init; }

    public RetryPolicy Retry { get; init; } = RetryPolicy.Default;

    public ConcurrencyPolicy Concurrency { get; init; } = ConcurrencyPolicy.Default;

    public MisfirePolicy Misfire { get; init; } = MisfirePolicy.Default;

    public JobPriority Priority { get; init; } = JobPriority.Normal;

    /// <summary>What attempts of this job wait for before they leave, and what it declares for its target and tags.</summary>
    public FlowLimits? Limits { get; init; }

    public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public string? Owner { get; init; }

    /// <summary>Names of secrets that templates of this job may use; their values are resolved in the worker, never stored.</summary>
    public ImmutableArray<string> Secrets { get; init; } = [];

    /// <summary>
    /// Members that a later build wrote into the stored document, as the text of a JSON object: not understood here, but written again with
    /// whatever is changed here, so that a node of an older build takes nothing away.
    /// </summary>
    public string? Beyond { get; init; }

    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(5);

    /// <summary>Whether <paramref name="other"/> has other slots: another schedule, or the same in another zone.</summary>
    public bool IsTimedOtherwise(JobDefinition other) => Schedule != other.Schedule || Timezone != other.Timezone;

    public bool Equals(JobDefinition? other) => other is not null && JobDocument.ToJson(this) == JobDocument.ToJson(other);

    public override int GetHashCode() => HashCode.Combine(Name, Target, Payload, Schedule);
}

/// <summary>How urgent a job is when dispatch capacity is short.</summary>
public enum JobPriority
{
    Low,
    Normal,
    High,
    Critical,
}
