using System.Diagnostics.Metrics;
using Chronos.Actors.Kernel;

namespace Chronos.Host.Hosting;

/// <summary>
/// Collects garbage between two bursts. Left to itself a collection begins where memory is asked for, and so in the middle of a burst, all of
/// which is late then by its pause; see <see cref="QuietMoments"/>.
/// </summary>
internal sealed class QuietCollectionService : BackgroundService
{
    private readonly NodePressure _pressure;
    private readonly TimeProvider _time;
    private long _made;

    public QuietCollectionService(NodePressure pressure, IMeterFactory meters, TimeProvider time)
    {
        (_pressure, _time) = (pressure, time);
        meters.Create("Chronos").CreateObservableCounter("chronos_quiet_collections_total", () => Volatile.Read(ref _made), null, "Collections of garbage made where nothing was due");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var moments = new QuietMoments();
        using var timer = new PeriodicTimer(QuietMoments.Interval, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var (allocated, now, due) = (GC.GetTotalAllocatedBytes(), _time.GetUtcNow(), _pressure.NextDue);
            var young = moments.IsNow(allocated, GC.CollectionCount(0), now, due);
            if (moments.IsNowForAll(allocated, GC.CollectionCount(2), now))
            {
                // In the background: the node works on meanwhile.
                GC.Collect(2, GCCollectionMode.Forced, blocking: false, compacting: false);
                _made++;
            }
            else if (young)
            {
                // The youngest generation, and older ones when the collector finds that their turn has come.
                GC.Collect(0, GCCollectionMode.Forced, blocking: true, compacting: false);
                _made++;
            }
        }
    }
}
