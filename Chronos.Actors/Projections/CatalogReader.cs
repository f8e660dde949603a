using System.Data.Common;
using System.Text.Json;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Projections;

/// <summary>Rows of <c>jobs</c> as objects.</summary>
internal static class CatalogReader
{
    public const string Columns =
        "j.seq, j.job, j.tenant, j.name, j.version, j.revision, j.enabled, j.paused, j.pause_reason, j.paused_at, j.paused_until, "
        + "j.created_at, j.created_by, j.updated_at, j.updated_by, j.document, CASE WHEN EXISTS (SELECT 1 FROM plan_outbox o WHERE o.job = j.job) THEN 0 ELSE 1 END";

    /// <param name="now">A pause ends by itself, without an event.</param>
    public static JobRow Row(DbDataReader r, DateTimeOffset now)
    {
        var job = new JobId(r.GetString(1));
        var document = r.GetString(15);
        var until = LedgerReader.At(LedgerReader.Integer(r, 10));
        var paused = r.GetInt64(7) != 0 && !(until <= now);
        var state = r.GetInt64(6) == 0 ? PlanState.Disabled : paused ? PlanState.Paused : PlanState.Active;
        return new JobRow(
            new JobSnapshot(
                new TenantId(r.GetString(2)), job, r.GetInt64(4), r.GetInt32(5), Parse(document), state, paused ? LedgerReader.Text(r, 8) : null,
                paused ? LedgerReader.At(LedgerReader.Integer(r, 9)) : null, paused ? until : null,
                Times.From(r.GetInt64(11)), new Principal(r.GetString(12)), Times.From(r.GetInt64(13)), new Principal(r.GetString(14))),
            document,
            r.GetInt64(16) != 0);
    }

    /// <summary>A document that was accepted once: read without judging it anew.</summary>
    public static JobDefinition Parse(string document)
    {
        using var json = JsonDocument.Parse(document);
        return JobDocument.ReadStored(json.RootElement);
    }
}
