using System.Data.Common;
using Chronos.Core.Jobs;
using Chronos.Core.Projections;

namespace Chronos.Actors.Projections;

/// <summary>The catalog: the jobs as they stand, for lists, filters, full-text search and export; their revisions; and which plans are still on their way.</summary>
public sealed class CatalogProjection : IProjection, IDisposable
{
    private CatalogWriter? _writer;

    public string Name => "catalog";

    public int ModelVersion => CatalogSchema.Version;

    public void Reset(DbConnection connection, DbTransaction transaction)
    {
        Sql.Execute(connection, Schemas.For(connection, CatalogSchema.Create), transaction);
        Sql.Execute(connection, TextIndex.For(connection).Create, transaction);
    }

    public void Apply(IReadOnlyList<JournalEntry> entries, DbConnection connection, DbTransaction transaction)
    {
        if (_writer?.Connection != connection)
        {
            _writer?.Dispose();
            _writer = new CatalogWriter(connection);
        }

        _writer.Enlist(transaction);
        foreach (var entry in entries)
        {
            switch (entry.Event)
            {
                case IJobEvent fact:
                    Fold(fact);
                    break;
                case TimetableBatch batch:
                    Acknowledge(batch);
                    break;
            }
        }
    }

    public void Dispose() => _writer?.Dispose();

    private void Fold(IJobEvent fact)
    {
        var writer = _writer!;
        switch (fact)
        {
            case JobEvents.Created e:
                writer.Remove(e.Job);
                writer.Create(e, e.Definition, e.Revision);
                writer.Revise(e, e.Definition, e.Revision, "create");
                break;
            case JobEvents.Revised e:
                writer.Change(e, e.Definition, e.Revision);
                writer.Revise(e, e.Definition, e.Revision, e.Reason);
                break;
            case JobEvents.Switched e:
                writer.Change(e, writer.DefinitionOf(e.Job) with { Enabled = e.Enabled }, revision: null);
                break;
            case JobEvents.Paused e:
                writer.Pause(e, e.Reason, e.Until);
                break;
            case JobEvents.Resumed e:
                writer.Resume(e);
                break;
            case JobEvents.Deleted e:
                writer.Remove(e.Job);
                break;
        }

        writer.Await(fact);
    }

    private void Acknowledge(TimetableBatch batch)
    {
        foreach (var item in batch.Items)
        {
            switch (item)
            {
                case PlanSet plan:
                    _writer!.Acknowledge(plan.Job, plan.Version);
                    break;
                case PlanRemoved plan:
                    _writer!.Acknowledge(plan.Job, plan.Version);
                    break;
            }
        }
    }
}
