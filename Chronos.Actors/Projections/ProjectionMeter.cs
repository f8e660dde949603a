using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace Chronos.Actors.Projections;

/// <summary>Publishes how far each projection is behind.</summary>
internal sealed class ProjectionMeter : IDisposable
{
    private readonly Meter _meter = new("Chronos");

    public ProjectionMeter(Func<ImmutableArray<ProjectionHealth>> health)
    {
        _meter.CreateObservableGauge(
            "chronos_projection_lag_seconds", () => health().Select(h => new Measurement<double>(h.LagSeconds, Label(h))), null, "Age of the oldest journal entry that is not in the model.");
        _meter.CreateObservableGauge(
            "chronos_projection_lag_entries", () => health().Select(h => new Measurement<long>(h.LagEntries, Label(h))), null, "How many orderings the journal is ahead of the model.");
    }

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Label(ProjectionHealth health) => new("projection", health.Name);
}
