using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Wire;

namespace Chronos.Core.Jobs;

/// <summary>
/// The one event of a timetable: everything it decided while its previous commit was in flight. Its cost in the journal is per
/// batch, not per execution.
/// </summary>
public sealed record TimetableBatch(
    [property: JsonPropertyName("t")] int Timetable,
    [property: JsonPropertyName("e")] long Epoch,
    [property: JsonPropertyName("a"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset At,
    [property: JsonPropertyName("i"), JsonConverter(typeof(TimetableItemsConverter))] ImmutableArray<TimetableItem> Items) : IWireMessage
{
    /// <summary>Calendars that changed; absent in nearly every batch. They take effect after the items.</summary>
    [JsonPropertyName("c")]
    public ImmutableArray<PlannedCalendar>? Calendars { get; init; }

    /// <summary>The version of the tz database, in the first batch that was decided with it.</summary>
    [JsonPropertyName("z")]
    public string? Tzdb { get; init; }

    /// <summary>See <see cref="WireLevel"/>; absent from the first.</summary>
    [JsonPropertyName("l")]
    public int? Level { get; init; }
}

/// <summary>Whether a plan fires.</summary>
public enum PlanState
{
    Active,
    Paused,
    Disabled,
}

/// <summary>What started an execution.</summary>
public enum ExecutionTrigger
{
    Schedule,
    CatchUp,
    Manual,
    Retry,
    Replay,
    Workflow,
    Backfill,
}

/// <summary>Where an execution stands.</summary>
public enum ExecutionStatus
{
    Pending,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    TimedOut,
    Lost,
    Skipped,
}

/// <summary>Why a slot was not run.</summary>
public enum SkipReason
{
    Paused,
    Overlap,
    QueueFull,
    Denied,
    Misfire,
    Expired,
    Cancelled,

    /// <summary>A newer slot took its place under the policy <c>replace</c>.</summary>
    Replaced,

    /// <summary>The job was deleted while the slot waited.</summary>
    Deleted,

    /// <summary>A calendar of the job excludes its time.</summary>
    Calendar,
}

/// <summary>
/// One decided fact about one job, in the compact form the journal keeps. <see cref="SlotsSkipped"/>, <see cref="SlotQueued"/> and
/// <see cref="ExecutionStarted"/> are the dispositions of slots.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "k")]
[JsonDerivedType(typeof(PlanSet), "p")]
[JsonDerivedType(typeof(PlanRemoved), "d")]
[JsonDerivedType(typeof(SlotsSkipped), "s")]
[JsonDerivedType(typeof(SlotQueued), "q")]
[JsonDerivedType(typeof(ExecutionStarted), "x")]
[JsonDerivedType(typeof(AttemptStarted), "n")]
[JsonDerivedType(typeof(AttemptEnded), "o")]
[JsonDerivedType(typeof(CancelRequested), "c")]
[JsonDerivedType(typeof(ExecutionEnded), "f")]
[JsonDerivedType(typeof(AttemptAccepted), "h")]
[JsonDerivedType(typeof(AttemptProgressed), "g")]
[JsonDerivedType(typeof(BackfillStarted), "b")]
[JsonDerivedType(typeof(BackfillAdvanced), "v")]
[JsonDerivedType(typeof(BackfillEnded), "w")]
[JsonDerivedType(typeof(DeadLetterDropped), "l")]
public abstract record TimetableItem([property: JsonPropertyName("j")] JobId Job);

/// <summary>The plan of a job as of its version. Slots after <paramref name="From"/> belong to it.</summary>
public sealed record PlanSet(
    JobId Job,
    [property: JsonPropertyName("t")] TenantId Tenant,
    [property: JsonPropertyName("v")] long Version,
    [property: JsonPropertyName("r")] int Revision,
    [property: JsonPropertyName("s")] PlanState State,
    [property: JsonPropertyName("u"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset? PausedUntil,
    [property: JsonPropertyName("f"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset From,
    [property: JsonPropertyName("m")] JobDefinition Definition) : TimetableItem(Job)
{
    /// <summary>Where the plan is that of a resume: how many slots the pause had swallowed.</summary>
    [JsonPropertyName("n")]
    public long? Missed { get; init; }

    /// <summary>How many of them are run.</summary>
    [JsonPropertyName("c")]
    public long? CaughtUp { get; init; }
}

/// <summary>The job was deleted; nothing of it is planned any more.</summary>
public sealed record PlanRemoved(JobId Job, [property: JsonPropertyName("v")] long Version) : TimetableItem(Job);

/// <summary>Slots in [<paramref name="First"/>, <paramref name="Last"/>] that were not run. One slot, or a range of them after a long outage.</summary>
/// <param name="Count">How many slots the range holds.</param>
public sealed record SlotsSkipped(
    JobId Job,
    [property: JsonPropertyName("f"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset First,
    [property: JsonPropertyName("l"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset Last,
    [property: JsonPropertyName("n")] long Count,
    [property: JsonPropertyName("r")] SkipReason Reason,
    [property: JsonPropertyName("d")] string? Detail) : TimetableItem(Job);

/// <summary>A slot that waits its turn (overlap policy queue or replace, or catch-up); it ends as <see cref="ExecutionStarted"/> or <see cref="SlotsSkipped"/>.</summary>
public sealed record SlotQueued(
    JobId Job,
    [property: JsonPropertyName("n"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset Nominal,
    [property: JsonPropertyName("g")] ExecutionTrigger Trigger) : TimetableItem(Job);

/// <summary>The claim: durable before the first byte leaves. Begins attempt 1.</summary>
/// <param name="Execution">Absent for a slot: then it is (job, nominal time).</param>
public sealed record ExecutionStarted(
    JobId Job,
    [property: JsonPropertyName("x")] ExecutionId? Execution,
    [property: JsonPropertyName("n"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset Nominal,
    [property: JsonPropertyName("g")] ExecutionTrigger Trigger,
    [property: JsonPropertyName("r")] int Revision,
    [property: JsonPropertyName("a"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset At,
    [property: JsonPropertyName("w")] string Node) : TimetableItem(Job)
{
    /// <summary>Replaces the payload of the definition for this run, JSON text.</summary>
    [JsonPropertyName("p")]
    public string? Payload { get; init; }

    /// <summary>The execution that a replay repeats, or the backfill that this run belongs to.</summary>
    [JsonPropertyName("s")]
    public string? Source { get; init; }

    [JsonPropertyName("b")]
    public Principal? By { get; init; }

    /// <summary>When it was to fire, where a calendar moved it; lateness counts from here.</summary>
    [JsonPropertyName("u"), JsonConverter(typeof(UnixMicroseconds))]
    public DateTimeOffset? Due { get; init; }

    /// <summary>When its jitter has it fire, where that is not its nominal time; lateness counts from here. Earlier builds wrote it of those only that they claimed ahead.</summary>
    [JsonPropertyName("f"), JsonConverter(typeof(UnixMicroseconds))]
    public DateTimeOffset? FiresAt { get; init; }

    /// <summary>What a calendar did to the slot.</summary>
    [JsonPropertyName("m")]
    public string? Note { get; init; }

    [JsonPropertyName("q")]
    public RequestMark? Request { get; init; }

    /// <summary>Hash of the token with which the target is to report the end of attempt 1.</summary>
    [JsonPropertyName("h")]
    public string? Callback { get; init; }

    private DerivedId _derived;

    /// <summary>The execution's identity, given or derived.</summary>
    [JsonIgnore]
    public ExecutionId Id => Execution ?? _derived.Of(Job, Nominal);

    /// <summary>When attempt 1 begins: with the claim, or when the slot is due where it was claimed ahead.</summary>
    /// <remarks>A slot that seems to lie further ahead waited while the clock was set back; it was due before.</remarks>
    [JsonIgnore]
    public DateTimeOffset Begins =>
        Execution is null && (FiresAt ?? Due ?? Nominal) is var due && due > At && due - At <= ClaimAhead.Most ? due : At;
}

/// <summary>
/// The identity of a slot once it was derived: it is asked for when the claim is folded, offered and listed. No part of the fact: all are equal.
/// </summary>
internal struct DerivedId : IEquatable<DerivedId>
{
    private Known? _known;

    public ExecutionId Of(JobId job, DateTimeOffset nominal)
    {
        // One reference, so that two threads at once see all of it or nothing; a copy of the record may be of another slot.
        var known = _known;
        if (known is null || known.Nominal != nominal || known.Job != job)
        {
            _known = known = new Known(job, nominal, ExecutionId.ForSlot(job, nominal));
        }

        return known.Id;
    }

    public readonly bool Equals(DerivedId other) => true;

    public override readonly bool Equals(object? obj) => obj is DerivedId;

    public override readonly int GetHashCode() => 0;

    private sealed record Known(JobId Job, DateTimeOffset Nominal, ExecutionId Id);
}

/// <summary>A further attempt begins: a retry, or the same execution offered again after its node was lost.</summary>
public sealed record AttemptStarted(
    JobId Job,
    [property: JsonPropertyName("x")] ExecutionId Execution,
    [property: JsonPropertyName("n")] int Attempt,
    [property: JsonPropertyName("a"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset At,
    [property: JsonPropertyName("w")] string Node) : TimetableItem(Job)
{
    /// <summary>Hash of the token with which the target is to report the end of this attempt.</summary>
    [JsonPropertyName("h")]
    public string? Callback { get; init; }
}

/// <summary>The target took the attempt and will report its end by callback; until then the attempt runs.</summary>
/// <param name="StartedAt">When the first byte was about to leave.</param>
/// <param name="ExpiresAt">When the attempt fails if nothing is heard until then.</param>
public sealed record AttemptAccepted(
    JobId Job,
    [property: JsonPropertyName("x")] ExecutionId Execution,
    [property: JsonPropertyName("n")] int Attempt,
    [property: JsonPropertyName("a"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset At,
    [property: JsonPropertyName("b"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset StartedAt,
    [property: JsonPropertyName("l"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset ExpiresAt,
    [property: JsonPropertyName("c")] int? StatusCode,
    [property: JsonPropertyName("o")] string? Excerpt) : TimetableItem(Job)
{
    [JsonPropertyName("z")]
    public ImmutableSortedDictionary<string, string>? Facts { get; init; }

    /// <summary>When its execution was to fire, where that is not its nominal time: <see cref="ExecutionStarted.Due"/>, or <see cref="ExecutionStarted.FiresAt"/>.</summary>
    [JsonPropertyName("u"), JsonConverter(typeof(UnixMicroseconds))]
    public DateTimeOffset? Due { get; init; }
}

/// <summary>A sign of life of a running attempt: a heartbeat, or progress that the target told.</summary>
/// <param name="ExpiresAt">When an attempt that waits for its callback fails from now on; absent where nothing waits.</param>
public sealed record AttemptProgressed(
    JobId Job,
    [property: JsonPropertyName("x")] ExecutionId Execution,
    [property: JsonPropertyName("n")] int Attempt,
    [property: JsonPropertyName("a"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset At,
    [property: JsonPropertyName("l"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset? ExpiresAt,
    [property: JsonPropertyName("p")] double? Percent,
    [property: JsonPropertyName("m")] string? Message) : TimetableItem(Job);

/// <summary>An attempt ended. With <paramref name="RetryAt"/> the execution goes on; otherwise <see cref="ExecutionEnded"/> follows in the same batch.</summary>
public sealed record AttemptEnded(
    JobId Job,
    [property: JsonPropertyName("x")] ExecutionId Execution,
    [property: JsonPropertyName("n")] int Attempt,
    [property: JsonPropertyName("a"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset At,
    [property: JsonPropertyName("b"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset StartedAt,
    [property: JsonPropertyName("d")] double DurationMs,
    [property: JsonPropertyName("y")] FailureClass Failure,
    [property: JsonPropertyName("c")] int? StatusCode,
    [property: JsonPropertyName("e")] string? Error,
    [property: JsonPropertyName("o")] string? Excerpt,
    [property: JsonPropertyName("r"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset? RetryAt) : TimetableItem(Job)
{
    [JsonPropertyName("z")]
    public ImmutableSortedDictionary<string, string>? Facts { get; init; }

    /// <summary>When its execution was to fire, where that is not its nominal time: <see cref="ExecutionStarted.Due"/>, or <see cref="ExecutionStarted.FiresAt"/>.</summary>
    [JsonPropertyName("u"), JsonConverter(typeof(UnixMicroseconds))]
    public DateTimeOffset? Due { get; init; }

    /// <summary>Hash of the token that reported this end; absent when no callback did.</summary>
    [JsonPropertyName("h")]
    public string? Callback { get; init; }
}

/// <summary>Somebody, or a policy, wants a running execution to end; its attempt is told to stop.</summary>
public sealed record CancelRequested(
    JobId Job,
    [property: JsonPropertyName("x")] ExecutionId Execution,
    [property: JsonPropertyName("a"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset At,
    [property: JsonPropertyName("b")] Principal By,
    [property: JsonPropertyName("s")] ExecutionStatus EndsAs,
    [property: JsonPropertyName("r")] string Reason) : TimetableItem(Job);

/// <summary>The end of an execution, in a status that is final.</summary>
public sealed record ExecutionEnded(
    JobId Job,
    [property: JsonPropertyName("x")] ExecutionId Execution,
    [property: JsonPropertyName("a"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset At,
    [property: JsonPropertyName("s")] ExecutionStatus Status) : TimetableItem(Job);

/// <summary>A backfill began: every slot of [<paramref name="From"/>, <paramref name="To"/>) is run anew, at most <paramref name="MaxConcurrent"/> at once.</summary>
public sealed record BackfillStarted(
    JobId Job,
    [property: JsonPropertyName("o")] string Operation,
    [property: JsonPropertyName("f"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset From,
    [property: JsonPropertyName("l"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset To,
    [property: JsonPropertyName("n")] long Total,
    [property: JsonPropertyName("m")] int MaxConcurrent,
    [property: JsonPropertyName("a"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset At,
    [property: JsonPropertyName("b")] Principal By) : TimetableItem(Job)
{
    [JsonPropertyName("q")]
    public RequestMark? Request { get; init; }
}

/// <summary>One run of a backfill ended.</summary>
public sealed record BackfillAdvanced(
    JobId Job, [property: JsonPropertyName("o")] string Operation, [property: JsonPropertyName("s")] ExecutionStatus Status) : TimetableItem(Job);

/// <summary>A backfill is over: all run, or cancelled.</summary>
public sealed record BackfillEnded(
    JobId Job,
    [property: JsonPropertyName("o")] string Operation,
    [property: JsonPropertyName("a"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset At,
    [property: JsonPropertyName("c")] bool Cancelled) : TimetableItem(Job)
{
    /// <summary>Why it was cancelled, where nobody asked for that.</summary>
    [JsonPropertyName("r")]
    public string? Reason { get; init; }
}

/// <summary>Somebody has seen that an execution failed for good and wants nothing more of it.</summary>
public sealed record DeadLetterDropped(
    JobId Job,
    [property: JsonPropertyName("x")] ExecutionId Execution,
    [property: JsonPropertyName("a"), JsonConverter(typeof(UnixMicroseconds))] DateTimeOffset At,
    [property: JsonPropertyName("b")] Principal By) : TimetableItem(Job);
