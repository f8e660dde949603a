using System.Collections.Immutable;
using System.Data.Common;
using System.Text.Json;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>Rows of <c>executions</c> as objects.</summary>
internal static class LedgerReader
{
    public const string Columns =
        "e.seq, e.tenant, e.job, e.nominal, e.run, e.listed, e.claimed, e.started, e.finished, e.trigger, e.revision, e.status, e.reason, e.detail, "
        + "e.node, e.retry_at, e.lateness_ms, e.source, e.payload, e.by, e.attempts, e.dead, e.dead_at, e.dead_by, e.dead_as";

    public const int ColumnCount = 25;

    /// <summary>The pseudo status under which slots in ranges are counted.</summary>
    public const int RangeStatus = -1;

    private const long MicrosPerHour = 3_600_000_000;

    public static long HourOf(long micros) => Math.DivRem(micros, MicrosPerHour, out var rest) - (rest < 0 ? 1 : 0);

    public static LedgerRow Row(DbDataReader r)
    {
        var listed = r.GetInt64(5);
        var status = r.GetInt32(11);
        return new LedgerRow
        {
            Seq = r.GetInt64(0),
            Tenant = r.GetString(1),
            Job = r.GetString(2),
            Nominal = r.GetInt64(3),
            Run = r.GetString(4),
            Listed = listed,
            StoredListed = listed,
            Claimed = Integer(r, 6),
            Started = Integer(r, 7),
            Finished = Integer(r, 8),
            Trigger = (ExecutionTrigger)r.GetInt32(9),
            Revision = (int?)Integer(r, 10),
            Status = (ExecutionStatus)status,
            Reason = (SkipReason?)Integer(r, 12),
            Detail = Text(r, 13),
            Node = Text(r, 14),
            RetryAt = Integer(r, 15),
            LatenessMs = r.IsDBNull(16) ? null : r.GetDouble(16),
            Source = Text(r, 17),
            Payload = Text(r, 18),
            By = Text(r, 19),
            Attempts = r.IsDBNull(20) ? [] : JsonSerializer.Deserialize((byte[])r.GetValue(20), LedgerJson.Default.ListStoredAttempt)!,
            Dead = (DeadLetterState?)Integer(r, 21),
            DeadAt = Integer(r, 22),
            DeadBy = Text(r, 23),
            DeadAs = Text(r, 24),
            Counted = (HourOf(listed), status),
        };
    }

    public static ExecutionView View(LedgerRow row, string jobName)
    {
        var id = IdOf(row);
        return new ExecutionView(
            id, new TenantId(row.Tenant), new JobId(row.Job), jobName, row.Trigger, row.Revision, Times.From(row.Nominal), At(row.Claimed), At(row.Started),
            At(row.Finished), row.Status, row.Reason, row.Detail, row.Node, At(row.RetryAt), [.. row.Attempts.Select(View)], row.LatenessMs, row.Source,
            row.Payload, row.By is null ? null : new Principal(row.By), TraceIds.For(id))
        {
            DeadLetter = row is { Dead: { } state, DeadAt: { } at }
                ? new DeadLetterMark(state, Times.From(at), row.DeadBy is null ? null : new Principal(row.DeadBy), row.DeadAs is null ? null : new ExecutionId(row.DeadAs))
                : null,
        };
    }

    public static SlotView Slot(LedgerRow row)
    {
        var nominal = Times.From(row.Nominal);
        var disposition = row.Status switch
        {
            ExecutionStatus.Skipped => SlotDisposition.NotRun,
            ExecutionStatus.Pending when row.Claimed is null => SlotDisposition.Queued,
            _ => row.Trigger == ExecutionTrigger.CatchUp ? SlotDisposition.CaughtUp : SlotDisposition.Fired,
        };
        return new SlotView(
            new JobId(row.Job), nominal, disposition, row.Reason, row.Detail, IdOf(row), row.Status, row.LatenessMs, Times.From(row.Listed), nominal, nominal, 1);
    }

    public static ExecutionId IdOf(LedgerRow row) => row.Run.Length == 0
        ? ExecutionId.ForSlot(new JobId(row.Job), Times.From(row.Nominal))
        : ExecutionId.ForRun(new JobId(row.Job), row.Run);

    private static AttemptView View(StoredAttempt a) => new(
        a.Number, a.Node, Times.From(a.Started), At(a.Ended), a.DurationMs, a.Failure, a.StatusCode, a.Error, a.Excerpt, At(a.RetryAt),
        a.Facts?.ToImmutableSortedDictionary(StringComparer.Ordinal));

    public static DateTimeOffset? At(long? micros) => micros is { } value ? Times.From(value) : null;

    public static long? Integer(DbDataReader r, int column) => r.IsDBNull(column) ? null : r.GetInt64(column);

    public static string? Text(DbDataReader r, int column) => r.IsDBNull(column) ? null : r.GetString(column);
}
