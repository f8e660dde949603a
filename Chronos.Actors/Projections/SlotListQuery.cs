using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>A checked filter of slots as SQL: single slots from <c>executions</c>, ranges from <c>slot_skips</c>, merged by time.</summary>
internal sealed class SlotListQuery
{
    private readonly SlotFilter _filter;
    private readonly PageCursor? _cursor;
    private readonly string _list;

    private SlotListQuery(SlotFilter filter, PageCursor? cursor, string list)
    {
        _filter = filter;
        _cursor = cursor;
        _list = list;
    }

    public static SlotListQuery? Compile(SlotFilter filter, ICollection<Violation> violations)
    {
        var before = violations.Count;
        var list = PageCursor.Fingerprint(
            "slots", filter.Tenant.Value, filter.Job.Value, filter.Window ?? string.Create(CultureInfo.InvariantCulture, $"{filter.From.UtcTicks} {filter.To.UtcTicks}"));
        var cursor = PageCursor.Read(filter.Cursor, list, filter.Limit, PageCursor.KeyKind.Number, violations);
        if (filter.From >= filter.To)
        {
            violations.Add(new Violation("to", "must be later than from"));
        }

        return violations.Count == before ? new SlotListQuery(filter, cursor, list) : null;
    }

    public Page<SlotView> Run(DbConnection connection)
    {
        // Both lists are in order already: a merge of two, each at most a page long. The cursor names time and kind (0 single, 1 range).
        var wanted = _filter.Limit + 1;
        var merged = Singles(connection, wanted).Select(s => (Key: Times.Micros(s.First), Kind: 0L, Slot: s))
            .Concat(Ranges(connection, wanted).Select(s => (Key: Times.Micros(s.First), Kind: 1L, Slot: s)))
            .OrderBy(s => s.Key).ThenBy(s => s.Kind).Take(wanted).ToImmutableArray();
        var items = merged.Take(_filter.Limit).Select(s => s.Slot).ToImmutableArray();
        return new Page<SlotView>(items, merged.Length <= _filter.Limit ? null : PageCursor.At(_list, merged[_filter.Limit - 1].Key, merged[_filter.Limit - 1].Kind).Write());
    }

    public static SlotView Range(JobId job, DateTimeOffset nominal, DbDataReader r) => new(
        job, nominal, SlotDisposition.NotRun, (SkipReason)r.GetInt32(3), LedgerReader.Text(r, 4), null, null, null, Times.From(r.GetInt64(5)),
        Times.From(r.GetInt64(0)), Times.From(r.GetInt64(1)), r.GetInt64(2));

    private ImmutableArray<SlotView> Singles(DbConnection connection, int limit)
    {
        using var command = Sql.Command(
            connection,
            $"""
            SELECT {LedgerReader.Columns} FROM executions e
            WHERE e.job=$job AND e.nominal>=$from AND e.nominal<$to AND e.run='' AND e.tenant=$tenant ORDER BY e.nominal LIMIT $limit
            """);
        var from = Times.Micros(_filter.From);
        Bind(command, _cursor is { } cursor ? Math.Max(from, cursor.Number + 1) : from, limit);
        return Sql.All(command, static r => LedgerReader.Slot(LedgerReader.Row(r)));
    }

    private ImmutableArray<SlotView> Ranges(DbConnection connection, int limit)
    {
        // Ranges of a job do not overlap, so that the order of their ends is the order of their beginnings.
        using var command = Sql.Command(
            connection,
            """
            SELECT first, last, n, reason, detail, at FROM slot_skips
            WHERE job=$job AND last>=$from AND first<$to AND first>=$after AND tenant=$tenant ORDER BY last LIMIT $limit
            """);
        Bind(command, Times.Micros(_filter.From), limit);
        command.Bind("$after", _cursor is { } cursor ? cursor.Number + cursor.Row : long.MinValue);
        return Sql.All(command, r => Range(_filter.Job, Times.From(r.GetInt64(0)), r));
    }

    private void Bind(DbCommand command, long from, int limit)
    {
        command.Bind("$job", _filter.Job.Value);
        command.Bind("$tenant", _filter.Tenant.Value);
        command.Bind("$from", from);
        command.Bind("$to", Times.Micros(_filter.To));
        command.Bind("$limit", limit);
    }
}
