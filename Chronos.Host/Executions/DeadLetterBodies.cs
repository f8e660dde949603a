using System.Collections.Immutable;
using System.Text.Json;

namespace Chronos.Host.Executions;

/// <summary>A dead letter with everything to understand it: the execution with its attempts, and what it was to send.</summary>
internal sealed record DeadLetterView(ExecutionBody Execution, DeadLetterRequestView? Request);

/// <summary>What the execution was to send, before templates are rendered; secrets stand in it by name.</summary>
/// <param name="Job">The job as it was in that revision: its protocol section, policies and limits.</param>
/// <param name="Payload">The payload of this run, or the job's own.</param>
internal sealed record DeadLetterRequestView(int Revision, JsonElement Job, JsonElement? Payload);

/// <summary>How a dead letter is run once more.</summary>
/// <param name="Payload">Instead of the payload that it had.</param>
internal sealed record DeadLetterReplayBody(JsonElement? Payload);

/// <summary>Which open dead letters are meant. At least one of the filters, or <c>all: true</c>.</summary>
/// <param name="Status">One or several of failed, timed_out, lost, separated by commas.</param>
/// <param name="Limit">At most so many, the newest first; 100 if absent, 1000 at most.</param>
/// <param name="Payload">For a replay: instead of the payload that each of them had.</param>
internal sealed record DeadLetterManyBody(
    string? Job, string? Status, string? Tag, DateTimeOffset? From, DateTimeOffset? To, bool? All, int? Limit, bool? DryRun, JsonElement? Payload);

/// <summary>What was done with each.</summary>
/// <param name="Matched">How many were taken up.</param>
/// <param name="More">There are more that match: ask again.</param>
internal sealed record DeadLetterManyView(bool DryRun, int Matched, int Done, int Refused, bool More, ImmutableArray<DeadLetterDoneView> Items);

/// <summary>One of many.</summary>
/// <param name="ReplayedAs">The new execution.</param>
/// <param name="Error">Why it was not done.</param>
internal sealed record DeadLetterDoneView(string Id, string JobName, string? ReplayedAs, string? Error);
