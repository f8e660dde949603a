using System.Diagnostics.Metrics;

namespace Chronos.Actors.Journal;

/// <summary>What the journal tells about its commits.</summary>
internal static class JournalMetrics
{
    private static readonly Meter Meter = new("Chronos");

    /// <summary>From the turn to write to the end of the commit, the wait for the disk included.</summary>
    public static readonly Histogram<double> CommitSeconds = Meter.CreateHistogram(
        "chronos_journal_commit_seconds",
        "s",
        "Duration of one commit of the journal",
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5] });

    /// <summary>Serialized and written, without the wait for the turn in between.</summary>
    public static readonly Histogram<double> SnapshotSeconds = Meter.CreateHistogram(
        "chronos_journal_snapshot_seconds",
        "s",
        "What saving one snapshot costs",
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] });

    public static readonly Counter<long> EventBytes = Meter.CreateCounter<long>("chronos_journal_event_bytes_total", "By", "Serialized events that were committed");

    public static readonly Counter<long> SnapshotBytes = Meter.CreateCounter<long>("chronos_journal_snapshot_bytes_total", "By", "Serialized snapshots that were stored");

    public static readonly Histogram<int> BatchSize = Meter.CreateHistogram(
        "chronos_journal_batch_size",
        "{event}",
        "Events in one commit of the journal",
        tags: null,
        new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] });
}
