using System.Diagnostics.Metrics;
using Chronos.Actors.Projections;
using Chronos.Core.Kernel;

namespace Chronos.Host.Jobs;

/// <summary>Publishes how many jobs there are in each state, and how many dead letters, as the read models have them when they are asked.</summary>
internal sealed class CatalogMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly CatalogQueries _catalog;
    private readonly LedgerQueries _ledger;

    public CatalogMetrics(IMeterFactory factory, CatalogQueries catalog, LedgerQueries ledger)
    {
        (_catalog, _ledger) = (catalog, ledger);
        _meter = factory.Create("Chronos");
        _meter.CreateObservableGauge("chronos_jobs", Count, null, "Jobs by state");
        _meter.CreateObservableGauge("chronos_dead_letters", DeadLetters, null, "Executions that failed for good and that nobody has done anything about");
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> Count()
    {
        try
        {
            var jobs = _catalog.Count(TenantId.Default);
            return [Of("active", jobs.Active), Of("paused", jobs.Paused), Of("disabled", jobs.Disabled)];
        }
        catch (ReadModelUnavailableException)
        {
            // While the catalog is made anew there is no number, and a wrong one would be worse.
            return [];
        }
    }

    private IEnumerable<Measurement<long>> DeadLetters()
    {
        try
        {
            return [new(_ledger.OpenDeadLetters(TenantId.Default))];
        }
        catch (ReadModelUnavailableException)
        {
            return [];
        }
    }

    private static Measurement<long> Of(string state, long count) => new(count, new KeyValuePair<string, object?>("state", state));
}
