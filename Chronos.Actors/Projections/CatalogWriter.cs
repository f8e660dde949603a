using System.Data.Common;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>The prepared statements of the catalog, on one connection.</summary>
internal sealed class CatalogWriter : IDisposable
{
    private readonly Statement _find;
    private readonly Statement _insert;
    private readonly Statement _change;
    private readonly Statement _pause;
    private readonly Statement _delete;
    private readonly Statement _deleteTags;
    private readonly Statement _insertTag;
    private readonly TextIndex _text;
    private readonly Statement _deleteText;
    private readonly Statement _insertText;
    private readonly Statement _revise;
    private readonly Statement _await;
    private readonly Statement _acknowledge;

    public CatalogWriter(DbConnection connection)
    {
        Connection = connection;
        _find = new Statement(connection, "SELECT seq, document FROM jobs WHERE job=$job", "$job");
        _insert = new Statement(
            connection,
            """
            INSERT INTO jobs (job, tenant, name, version, revision, enabled, paused, created_at, created_by, updated_at, updated_by, document)
            VALUES ($job, $tenant, $name, $version, $revision, $enabled, 0, $at, $by, $at, $by, $document) RETURNING seq
            """,
            "$job", "$tenant", "$name", "$version", "$revision", "$enabled", "$at", "$by", "$document");
        _change = new Statement(
            connection,
            """
            UPDATE jobs SET version=$version, revision=coalesce($revision, revision), enabled=$enabled, updated_at=$at, updated_by=$by, document=$document
            WHERE seq=$seq
            """,
            "$seq", "$version", "$revision", "$enabled", "$at", "$by", "$document");
        _pause = new Statement(
            connection,
            """
            UPDATE jobs SET version=$version, paused=$paused, pause_reason=$reason, paused_at=$since, paused_until=$until, updated_at=$at, updated_by=$by
            WHERE job=$job
            """,
            "$job", "$version", "$paused", "$reason", "$since", "$until", "$at", "$by");
        _delete = new Statement(connection, "DELETE FROM jobs WHERE seq=$seq", "$seq");
        _deleteTags = new Statement(connection, "DELETE FROM job_tags WHERE seq=$seq", "$seq");
        _insertTag = new Statement(connection, "INSERT INTO job_tags (seq, key, value, tenant) VALUES ($seq, $key, $value, $tenant)", "$seq", "$key", "$value", "$tenant");
        _text = TextIndex.For(connection);
        _deleteText = new Statement(connection, _text.Delete, "$seq");
        _insertText = new Statement(connection, _text.Insert, "$seq", "$text");
        _revise = new Statement(
            connection,
            Sql.Upsert("job_revisions", "job, revision, tenant, document, reason, by, at", "job, revision", Sql.Values("job, revision, tenant, document, reason, by, at")),
            "$job", "$revision", "$tenant", "$document", "$reason", "$by", "$at");
        _await = new Statement(
            connection, Sql.Upsert("plan_outbox", "job, tenant, version, at", "job", Sql.Values("job, tenant, version, at")), "$job", "$tenant", "$version", "$at");
        _acknowledge = new Statement(connection, "DELETE FROM plan_outbox WHERE job=$job AND version<=$version", "$job", "$version");
    }

    public DbConnection Connection { get; }

    public void Dispose()
    {
        foreach (var statement in Statements)
        {
            statement.Dispose();
        }
    }

    public void Enlist(DbTransaction transaction)
    {
        foreach (var statement in Statements)
        {
            statement.Enlist(transaction);
        }
    }

    public void Create(IJobEvent e, JobDefinition definition, int revision)
    {
        Set(_insert, e.Job.Value, e.Tenant.Value, definition.Name, e.Version, revision, definition.Enabled ? 1 : 0, Times.Micros(e.At), e.By.Name, JobDocument.ToJson(definition));
        Index((long)_insert.Scalar()!, e.Tenant, definition);
    }

    public void Change(IJobEvent e, JobDefinition definition, int? revision)
    {
        var (seq, _) = Find(e.Job);
        Run(_change, seq, e.Version, revision, definition.Enabled ? 1 : 0, Times.Micros(e.At), e.By.Name, JobDocument.ToJson(definition));
        Unindex(seq);
        Index(seq, e.Tenant, definition);
    }

    public JobDefinition DefinitionOf(JobId job) => CatalogReader.Parse(Find(job).Document);

    public void Pause(IJobEvent e, string? reason, DateTimeOffset? until) => Run(
        _pause, e.Job.Value, e.Version, 1, reason, Times.Micros(e.At), until is { } at ? Times.Micros(at) : null, Times.Micros(e.At), e.By.Name);

    public void Resume(IJobEvent e) => Run(_pause, e.Job.Value, e.Version, 0, null, null, null, Times.Micros(e.At), e.By.Name);

    public void Remove(JobId job)
    {
        if (TryFind(job) is { } found)
        {
            Unindex(found.Seq);
            Run(_delete, found.Seq);
        }
    }

    public void Revise(IJobEvent e, JobDefinition definition, int revision, string reason) =>
        Run(_revise, e.Job.Value, revision, e.Tenant.Value, JobDocument.ToJson(definition), reason, e.By.Name, Times.Micros(e.At));

    /// <summary>Every event of a job raises the version of its plan, which the timetable is to acknowledge.</summary>
    public void Await(IJobEvent e) => Run(_await, e.Job.Value, e.Tenant.Value, e.Version, Times.Micros(e.At));

    public void Acknowledge(JobId job, long version) => Run(_acknowledge, job.Value, version);

    private (long Seq, string Document) Find(JobId job) =>
        TryFind(job) ?? throw new InvalidDataException($"the job {job} changed before it was created");

    private (long Seq, string Document)? TryFind(JobId job)
    {
        _find.Set(0, job.Value);
        using var reader = _find.Query();
        return reader.Read() ? (reader.GetInt64(0), reader.GetString(1)) : null;
    }

    private void Index(long seq, TenantId tenant, JobDefinition definition)
    {
        foreach (var (key, value) in definition.Tags)
        {
            Run(_insertTag, seq, key, value, tenant.Value);
        }

        var text = string.Join(' ', [definition.Name, definition.Description, definition.Owner, .. definition.Tags.Select(t => $"{t.Key} {t.Value}")]);
        Run(_insertText, seq, _text.Entry(Connection, text));
    }

    private void Unindex(long seq)
    {
        Run(_deleteTags, seq);
        Run(_deleteText, seq);
    }

    private static void Run(Statement statement, params ReadOnlySpan<object?> values)
    {
        Set(statement, values);
        statement.Run();
    }

    private static void Set(Statement statement, params ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            statement.Set(i, values[i]);
        }
    }

    private IEnumerable<Statement> Statements =>
        [_find, _insert, _change, _pause, _delete, _deleteTags, _insertTag, _deleteText, _insertText, _revise, _await, _acknowledge];
}
