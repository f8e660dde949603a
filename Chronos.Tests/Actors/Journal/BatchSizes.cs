using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Chronos.Tests.Actors.Journal;

/// <summary>Listens to the metric of batch sizes.</summary>
internal sealed class BatchSizes : IDisposable
{
    private readonly MeterListener _listener = new();

    public BatchSizes()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Name: "chronos_journal_batch_size", Meter.Name: "Chronos" })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((_, size, _, _) => Seen.Add(size));
        _listener.Start();
    }

    public ConcurrentBag<int> Seen { get; } = [];

    public void Dispose() => _listener.Dispose();
}
