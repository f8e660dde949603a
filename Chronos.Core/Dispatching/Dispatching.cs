using System.Collections.Immutable;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching;

/// <summary>The protocols a job can be dispatched over.</summary>
public enum Protocol
{
    Http,
    Grpc,
    Kafka,
    Nats,
    Rabbitmq,
}

/// <summary>Where a job goes: the protocol and its section of the job document as canonical JSON text.</summary>
public sealed record DispatchTarget(Protocol Protocol, string Section)
{
    private string? _name;

    /// <summary>A copy may get another section.</summary>
    private DispatchTarget(DispatchTarget other) => (Protocol, Section, CloudEvent) = (other.Protocol, other.Section, other.CloudEvent);

    /// <summary>What <see cref="TargetName"/> makes of it, made once: it is asked for at each attempt.</summary>
    internal string Name => _name ??= TargetName.Make(this);

    public bool Equals(DispatchTarget? other) => other is not null && Protocol == other.Protocol && Section == other.Section && CloudEvent == other.CloudEvent;

    public override int GetHashCode() => HashCode.Combine(Protocol, Section);

    /// <summary>The <c>cloud_event</c> part of the document as canonical JSON text; absent: the payload is sent as it is.</summary>
    public string? CloudEvent { get; init; }
}

/// <summary>What kind of failure an attempt ended with; <c>retry.retry_on</c> names these.</summary>
public enum FailureClass
{
    /// <summary>No failure.</summary>
    None,
    Timeout,

    /// <summary>The target could not be reached, or the connection broke.</summary>
    Connect,

    /// <summary><c>5xx</c>, or the protocol's equivalent.</summary>
    ServerError,

    /// <summary><c>429</c>, or the protocol's equivalent.</summary>
    TooManyRequests,

    /// <summary><c>4xx</c>: the request itself is wrong; the same request will fail again.</summary>
    ClientError,

    /// <summary>The request could not be made: template, secret, address refused.</summary>
    Request,

    /// <summary>The circuit of the target is open.</summary>
    CircuitOpen,

    /// <summary>The node that ran the attempt is gone; whether the target got it is unknown.</summary>
    Lost,
    Cancelled,
}

/// <summary>One attempt to be made. Durable in the journal before it exists.</summary>
public sealed record AttemptRequest(
    TenantId Tenant,
    JobId Job,
    string JobName,
    int Revision,
    ExecutionId Execution,
    int Attempt,
    DateTimeOffset ScheduledAt,
    DispatchTarget Target,
    string? Payload,
    TimeSpan Timeout,
    ImmutableArray<string> Secrets,
    ImmutableSortedDictionary<string, string> Tags,
    string TraceId)
{
    /// <summary>Where it was claimed ahead: when it is due, and leaves at the earliest.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>What the job declares; it waits for it before it leaves.</summary>
    public FlowLimits? Limits { get; init; }

    public JobPriority Priority { get; init; } = JobPriority.Normal;

    /// <summary>Present when the target is to report the end itself. It is a secret of this attempt.</summary>
    public CallbackTicket? Callback { get; init; }

    /// <summary>Takes what the target tells while it works, free of secrets; absent where nobody listens.</summary>
    public IProgress<AttemptSignal>? Progress { get; init; }
}

/// <summary>How far an attempt is, in the words of its target.</summary>
/// <param name="Percent">0 to 100, if the target says so.</param>
public sealed record AttemptSignal(double? Percent, string? Message);

/// <summary>How an attempt ended. Free of secrets: a dispatcher masks them before it answers.</summary>
/// <param name="StartedAt">When the first byte was about to leave, UTC.</param>
/// <param name="Excerpt">At most 4 KB of the response.</param>
/// <param name="RetryAfter">What the target asked for (<c>Retry-After</c>), if anything.</param>
public sealed record AttemptOutcome(
    FailureClass Failure, DateTimeOffset StartedAt, TimeSpan Duration, int? StatusCode, string? Error, string? Excerpt, TimeSpan? RetryAfter)
{
    public bool Succeeded => Failure == FailureClass.None;

    /// <summary>The whole response up to 1 MB, kept outside the journal; absent when the excerpt says it all.</summary>
    public byte[]? Output { get; init; }

    /// <summary>Media type of <see cref="Output"/>.</summary>
    public string? OutputType { get; init; }

    /// <summary>Protocol facts worth keeping (topic, partition, offset, …).</summary>
    public ImmutableSortedDictionary<string, string> Facts { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>The port of the kind Dispatcher: sends one attempt and classifies how it ended.</summary>
/// <remarks>
/// Never throws for what the network or the target does: that is an outcome. Honours the token at once (a cancelled attempt ends as
/// <see cref="FailureClass.Cancelled"/>) and enforces <see cref="AttemptRequest.Timeout"/> itself.
/// </remarks>
public interface IDispatcher
{
    Protocol Protocol { get; }

    Task<AttemptOutcome> DispatchAsync(AttemptRequest request, CancellationToken cancellation);
}

/// <summary>Where secrets come from on this node. Values never leave the worker that asked.</summary>
public interface ISecretSource
{
    /// <summary>The value, or null when the node has no such secret.</summary>
    string? Find(TenantId tenant, string name);
}
