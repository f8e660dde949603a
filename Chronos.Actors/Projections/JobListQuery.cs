using System.Collections.Immutable;
using System.Text;
using Chronos.Core.Catalog;
using Chronos.Core.Contracts;
using Chronos.Core.Kernel;
using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Projections;

/// <summary>A checked filter of jobs as SQL.</summary>
internal sealed class JobListQuery
{
    private readonly JobFilter _filter;
    private readonly JobSort _sort;
    private readonly TagFilter? _tag;
    private readonly string? _match;
    private readonly PageCursor? _cursor;
    private readonly string _list;

    private JobListQuery(JobFilter filter, JobSort sort, TagFilter? tag, string? match, PageCursor? cursor, string list)
    {
        _filter = filter;
        _sort = sort;
        _tag = tag;
        _match = match;
        _cursor = cursor;
        _list = list;
    }

    public static JobListQuery? Compile(JobFilter filter, ICollection<Violation> violations)
    {
        var before = violations.Count;
        var sort = JobSort.Parse(filter.Sort, violations) ?? JobSort.Default;
        var tag = filter.Tag is null ? null : TagFilter.Parse(filter.Tag, violations);
        var match = filter.Text is null ? null : SearchText.ToMatch(filter.Text, violations);
        var list = PageCursor.Fingerprint("jobs", filter.Tenant.Value, filter.Text, filter.Tag, filter.Enabled?.ToString(), sort.ToString());
        var kind = sort.Field == JobSortField.Name ? PageCursor.KeyKind.Text : PageCursor.KeyKind.Number;
        var cursor = PageCursor.Read(filter.Cursor, list, filter.Limit, kind, violations);
        return violations.Count == before ? new JobListQuery(filter, sort, tag, match, cursor, list) : null;
    }

    public Page<JobRow> Run(SqliteConnection connection)
    {
        using var command = Command(connection);
        var rows = Sql.All(command, static r => (Row: CatalogReader.Row(r), Seq: r.GetInt64(0)));
        var items = rows.Take(_filter.Limit).Select(r => r.Row).ToImmutableArray();
        return new Page<JobRow>(items, rows.Length <= _filter.Limit ? null : After(items[^1], rows[_filter.Limit - 1].Seq).Write());
    }

    internal SqliteCommand Command(SqliteConnection connection)
    {
        var command = connection.CreateCommand();
        var where = new StringBuilder("j.tenant=$tenant");
        command.Parameters.AddWithValue("$tenant", _filter.Tenant.Value);
        if (_filter.Enabled is { } enabled)
        {
            where.Append(" AND j.enabled=$enabled");
            command.Parameters.AddWithValue("$enabled", enabled ? 1 : 0);
        }

        if (_tag is not null)
        {
            where.Append(" AND j.seq IN (SELECT t.seq FROM job_tags t WHERE t.tenant=$tenant AND t.key=$key").Append(_tag.Value is null ? ")" : " AND t.value=$value)");
            command.Parameters.AddWithValue("$key", _tag.Key);
            command.Parameters.AddWithValue("$value", (object?)_tag.Value ?? DBNull.Value);
        }

        if (_match is not null)
        {
            where.Append(" AND j.seq IN (SELECT rowid FROM jobs_text WHERE jobs_text MATCH $match)");
            command.Parameters.AddWithValue("$match", _match);
        }

        var descending = _sort.Direction == SortDirection.Descending;
        if (_cursor is { } cursor)
        {
            where.Append(" AND (").Append(Column).Append(", j.seq) ").Append(descending ? '<' : '>').Append(" ($after, $seq)");
            command.Parameters.AddWithValue("$after", _sort.Field == JobSortField.Name ? cursor.Key : cursor.Number);
            command.Parameters.AddWithValue("$seq", cursor.Row);
        }

        var direction = descending ? "DESC" : "ASC";
        command.CommandText = $"SELECT {CatalogReader.Columns} FROM jobs j WHERE {where} ORDER BY {Column} {direction}, j.seq {direction} LIMIT $limit";
        command.Parameters.AddWithValue("$limit", _filter.Limit + 1);
        return command;
    }

    private string Column => _sort.Field switch
    {
        JobSortField.CreatedAt => "j.created_at",
        JobSortField.UpdatedAt => "j.updated_at",
        _ => "j.name",
    };

    private PageCursor After(JobRow row, long seq) => _sort.Field switch
    {
        JobSortField.CreatedAt => PageCursor.At(_list, Times.Micros(row.Job.CreatedAt), seq),
        JobSortField.UpdatedAt => PageCursor.At(_list, Times.Micros(row.Job.UpdatedAt), seq),
        _ => new PageCursor(_list, row.Job.Definition.Name, seq),
    };
}
