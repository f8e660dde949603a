using System.Diagnostics.Metrics;
using Chronos.Actors.Projections;
using Chronos.Core.Kernel;

namespace Chronos.Host.Jobs;

/// <summary>Publishes how many jobs there are in each state, as the catalog has them when it is asked.</summary>
internal sealed class CatalogMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly CatalogQueries _catalog;

    public CatalogMetrics(IMeterFactory factory, CatalogQueries catalog)
    {
        _catalog = catalog;
        _meter = factory.Create("Chronos");
        _meter.CreateObservableGauge("chronos_jobs", Count, null, "Jobs by state");
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

    private static Measurement<long> Of(string state, long count) => new(count, new KeyValuePair<string, object?>("state", state));
}
