using System.Collections.Immutable;
using System.Data.Common;
using System.Text;
using Chronos.Core.Catalog;
using Chronos.Core.Contracts;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>A checked filter of jobs as SQL.</summary>
internal sealed class JobListQuery
{
    private readonly JobFilter _filter;
    private readonly JobSort _sort;
    private readonly TagFilter? _tag;
    private readonly ImmutableArray<string> _words;
    private readonly PageCursor? _cursor;
    private readonly string _list;

    private JobListQuery(JobFilter filter, JobSort sort, TagFilter? tag, ImmutableArray<string> words, PageCursor? cursor, string list)
    {
        _filter = filter;
        _sort = sort;
        _tag = tag;
        _words = words;
        _cursor = cursor;
        _list = list;
    }

    public static JobListQuery? Compile(JobFilter filter, ICollection<Violation> violations)
    {
        var before = violations.Count;
        var sort = JobSort.Parse(filter.Sort, violations) ?? JobSort.Default;
        var tag = filter.Tag is null ? null : TagFilter.Parse(filter.Tag, violations);
        ImmutableArray<string> words = filter.Text is null ? [] : SearchText.Words(filter.Text, violations);
        var list = PageCursor.Fingerprint("jobs", filter.Tenant.Value, filter.Text, filter.Tag, filter.Enabled?.ToString(), sort.ToString());
        var kind = sort.Field == JobSortField.Name ? PageCursor.KeyKind.Text : PageCursor.KeyKind.Number;
        var cursor = PageCursor.Read(filter.Cursor, list, filter.Limit, kind, violations);
        return violations.Count == before ? new JobListQuery(filter, sort, tag, words, cursor, list) : null;
    }

    public Page<JobRow> Run(DbConnection connection, DateTimeOffset now)
    {
        using var command = Command(connection);
        var rows = Sql.All(command, r => (Row: CatalogReader.Row(r, now), Seq: r.GetInt64(0)));
        var items = rows.Take(_filter.Limit).Select(r => r.Row).ToImmutableArray();
        return new Page<JobRow>(items, rows.Length <= _filter.Limit ? null : After(items[^1], rows[_filter.Limit - 1].Seq).Write());
    }

    internal DbCommand Command(DbConnection connection)
    {
        var values = new List<(string Name, object? Value)> { ("$tenant", _filter.Tenant.Value), ("$limit", _filter.Limit + 1) };
        var where = new StringBuilder("j.tenant=$tenant");
        if (_filter.Enabled is { } enabled)
        {
            where.Append(" AND j.enabled=$enabled");
            values.Add(("$enabled", enabled ? 1 : 0));
        }

        if (_tag is not null)
        {
            where.Append(" AND j.seq IN (SELECT t.seq FROM job_tags t WHERE t.tenant=$tenant AND t.key=$key").Append(_tag.Value is null ? ")" : " AND t.value=$value)");
            values.Add(("$key", _tag.Key));
            if (_tag.Value is not null)
            {
                values.Add(("$value", _tag.Value));
            }
        }

        if (!_words.IsEmpty)
        {
            var index = TextIndex.For(connection);
            where.Append(" AND j.seq IN (").Append(index.Matching).Append(')');
            values.Add(("$match", index.Match(connection, _words)));
        }

        var descending = _sort.Direction == SortDirection.Descending;
        if (_cursor is { } cursor)
        {
            where.Append(" AND (").Append(Column).Append(", j.seq) ").Append(descending ? '<' : '>').Append(" ($after, $seq)");
            values.Add(("$after", _sort.Field == JobSortField.Name ? cursor.Key : cursor.Number));
            values.Add(("$seq", cursor.Row));
        }

        var direction = descending ? "DESC" : "ASC";
        var command = Sql.Command(connection, $"SELECT {CatalogReader.Columns} FROM jobs j WHERE {where} ORDER BY {Column} {direction}, j.seq {direction} LIMIT $limit");
        foreach (var (name, value) in values)
        {
            command.Bind(name, value);
        }

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
