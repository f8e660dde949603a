using System.Text.Json.Serialization;
using Chronos.Core.Contracts;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;

namespace Chronos.Actors.Projections;

/// <summary>A row of <c>executions</c> while a chunk is folded: changed in memory as often as events demand, written once.</summary>
internal sealed class LedgerRow
{
    /// <summary>0 while it is not in the table.</summary>
    public long Seq { get; set; }

    public required string Tenant { get; init; }

    public required string Job { get; init; }

    public required long Nominal { get; init; }

    public required string Run { get; init; }

    public long Listed { get; set; }

    public long? Claimed { get; set; }

    public long? Started { get; set; }

    public long? Finished { get; set; }

    public ExecutionTrigger Trigger { get; set; }

    public int? Revision { get; set; }

    public ExecutionStatus Status { get; set; }

    public SkipReason? Reason { get; set; }

    public string? Detail { get; set; }

    public string? Node { get; set; }

    public long? RetryAt { get; set; }

    public double? LatenessMs { get; set; }

    public string? Source { get; set; }

    public string? Payload { get; set; }

    public string? By { get; set; }

    public List<StoredAttempt> Attempts { get; set; } = [];

    public DeadLetterState? Dead { get; set; }

    public long? DeadAt { get; set; }

    public string? DeadBy { get; set; }

    public string? DeadAs { get; set; }

    /// <summary>Hour and status under which the table counts it at present; null when it does not.</summary>
    public (long Hour, int Status)? Counted { get; set; }

    /// <summary><see cref="Listed"/> as it is in the table: an update that leaves it alone touches two indexes fewer.</summary>
    public long StoredListed { get; set; }

    public StoredAttempt AttemptOf(int number)
    {
        foreach (var attempt in Attempts)
        {
            if (attempt.Number == number)
            {
                return attempt;
            }
        }

        // Nearly every execution has one.
        Attempts.Capacity = Math.Max(Attempts.Capacity, Attempts.Count + 1);
        var added = new StoredAttempt { Number = number, Node = Node ?? string.Empty };
        Attempts.Add(added);
        return added;
    }
}

/// <summary>An attempt as the ledger keeps it, in one column of its execution: an execution is one row, read and written whole.</summary>
internal sealed class StoredAttempt
{
    [JsonPropertyName("n")]
    public int Number { get; set; }

    [JsonPropertyName("w")]
    public string Node { get; set; } = string.Empty;

    [JsonPropertyName("b")]
    public long Started { get; set; }

    [JsonPropertyName("a")]
    public long? Ended { get; set; }

    [JsonPropertyName("d")]
    public double? DurationMs { get; set; }

    [JsonPropertyName("y")]
    public FailureClass? Failure { get; set; }

    [JsonPropertyName("c")]
    public int? StatusCode { get; set; }

    [JsonPropertyName("e")]
    public string? Error { get; set; }

    [JsonPropertyName("o")]
    public string? Excerpt { get; set; }

    [JsonPropertyName("r")]
    public long? RetryAt { get; set; }

    [JsonPropertyName("z")]
    public SortedDictionary<string, string>? Facts { get; set; }
}
