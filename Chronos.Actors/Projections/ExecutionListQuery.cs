using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using System.Text;
using Chronos.Core.Catalog;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>A checked filter of executions as SQL.</summary>
internal sealed class ExecutionListQuery
{
    private readonly ExecutionFilter _filter;
    private readonly TagFilter? _tag;
    private readonly PageCursor? _cursor;
    private readonly string _list;

    private ExecutionListQuery(ExecutionFilter filter, TagFilter? tag, PageCursor? cursor, string list)
    {
        _filter = filter;
        _tag = tag;
        _cursor = cursor;
        _list = list;
    }

    public static ExecutionListQuery? Compile(ExecutionFilter filter, ICollection<Violation> violations)
    {
        var before = violations.Count;
        var list = PageCursor.Fingerprint(
            "executions", filter.Tenant.Value, filter.Job?.Value, string.Join(',', filter.Statuses.Order()), filter.DeadLetters?.ToString(), filter.Tag,
            filter.From?.UtcTicks.ToString(CultureInfo.InvariantCulture), filter.To?.UtcTicks.ToString(CultureInfo.InvariantCulture));
        var cursor = PageCursor.Read(filter.Cursor, list, filter.Limit, PageCursor.KeyKind.Number, violations);
        var tag = filter.Tag is null ? null : TagFilter.Parse(filter.Tag, violations);
        foreach (var status in filter.Statuses.Where(s => !Enum.IsDefined(s)))
        {
            violations.Add(new Violation("status", $"{(int)status} is no status"));
        }

        if (filter.From >= filter.To)
        {
            violations.Add(new Violation("to", "must be later than from"));
        }

        return violations.Count == before ? new ExecutionListQuery(filter, tag, cursor, list) : null;
    }

    public Page<ExecutionView> Run(DbConnection connection)
    {
        using var command = Command(connection);
        var rows = Sql.All(command, static r => (Row: LedgerReader.Row(r), Name: r.GetString(LedgerReader.ColumnCount)));
        var items = rows.Take(_filter.Limit).Select(r => LedgerReader.View(r.Row, r.Name)).ToImmutableArray();
        var last = rows.Length > _filter.Limit ? rows[_filter.Limit - 1].Row : null;
        return new Page<ExecutionView>(items, last is null ? null : PageCursor.At(_list, last.Listed, last.Seq).Write());
    }

    internal DbCommand Command(DbConnection connection)
    {
        var rows = new StringBuilder();
        if (_filter.Statuses.Length == 0)
        {
            rows.Append(Select(status: null));
        }
        else
        {
            // One seek in the index of statuses for each, and a merge of at most a page of rows from every one of them.
            rows.AppendJoin(" UNION ALL ", _filter.Statuses.Distinct().Select(s => $"SELECT * FROM ({Select(s)}) AS of_status"));
        }

        var command = Sql.Command(
            connection, $"SELECT e.*, k.name FROM ({rows}) e JOIN ledger_jobs k ON k.job = e.job ORDER BY e.listed DESC, e.seq DESC LIMIT $limit");
        command.Bind("$tenant", _filter.Tenant.Value);
        command.Bind("$limit", _filter.Limit + 1);
        BindGiven(command, "$job", _filter.Job?.Value);
        BindGiven(command, "$from", _filter.From is { } from ? Times.Micros(from) : null);
        BindGiven(command, "$to", _filter.To is { } to ? Times.Micros(to) : null);
        BindGiven(command, "$key", _tag?.Key);
        BindGiven(command, "$value", _tag?.Value);
        BindGiven(command, "$listed", _cursor?.Number);
        BindGiven(command, "$seq", _cursor?.Row);
        return command;
    }

    private string Select(ExecutionStatus? status)
    {
        var where = new StringBuilder("e.tenant=$tenant");
        Add(where, _filter.Job is not null, "e.job=$job");
        Add(where, _filter.From is not null, "e.listed>=$from");
        Add(where, _filter.To is not null, "e.listed<$to");
        Add(where, _cursor is not null, "(e.listed, e.seq) < ($listed, $seq)");
        Add(where, _tag is not null, $"e.job IN (SELECT j.job FROM job_tags t JOIN jobs j ON j.seq=t.seq WHERE t.tenant=$tenant AND t.key=$key{(_tag?.Value is null ? "" : " AND t.value=$value")})");
        if (_filter.DeadLetters is { } dead)
        {
            // The condition of the partial index as well, for the same reason as below.
            Add(where, true, string.Create(CultureInfo.InvariantCulture, $"e.dead={(int)dead} AND e.dead IS NOT NULL"));
        }

        if (status is { } wanted)
        {
            Add(where, true, string.Create(CultureInfo.InvariantCulture, $"e.status={(int)wanted}"));

            // Repeats the condition of the partial index, word for word: otherwise SQLite does not use it.
            Add(where, wanted != ExecutionStatus.Succeeded, "e.status<>2");
        }

        return $"SELECT {LedgerReader.Columns} FROM executions e WHERE {where} ORDER BY e.listed DESC, e.seq DESC LIMIT $limit";
    }

    private static void Add(StringBuilder where, bool given, string condition)
    {
        if (given)
        {
            where.Append(" AND ").Append(condition);
        }
    }

    private static void BindGiven(DbCommand command, string name, object? value)
    {
        if (value is not null)
        {
            command.Bind(name, value);
        }
    }
}
