using System.Collections.Immutable;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Contracts;

/// <summary>Which executions a list shows, newest first. What is wrong in it comes back as violations with the names of the query parameters.</summary>
public sealed record ExecutionFilter(TenantId Tenant)
{
    public JobId? Job { get; init; }

    /// <summary>Empty: every status.</summary>
    public ImmutableArray<ExecutionStatus> Statuses { get; init; } = [];

    /// <summary>Claimed (or skipped, or queued) at or after this instant.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>… and before this one.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Executions of jobs that carry this tag now: <c>key</c>, <c>key:value</c> or <c>key=value</c>.</summary>
    public string? Tag { get; init; }

    /// <summary>Only executions that failed for good and are in this state.</summary>
    public DeadLetterState? DeadLetters { get; init; }

    public int Limit { get; init; } = PageLimits.Default;

    public string? Cursor { get; init; }
}

/// <summary>Which slots of a job a list shows, oldest first: those with a nominal time in [<paramref name="From"/>, <paramref name="To"/>).</summary>
public sealed record SlotFilter(TenantId Tenant, JobId Job, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>What was asked for, where <c>From</c> or <c>To</c> go with the clock: a cursor holds for the question, and it was another instant then.</summary>
    public string? Window { get; init; }

    public int Limit { get; init; } = PageLimits.Default;

    public string? Cursor { get; init; }
}
