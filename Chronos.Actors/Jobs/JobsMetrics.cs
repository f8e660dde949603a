using System.Diagnostics.Metrics;
using Chronos.Actors.Kernel;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;

namespace Chronos.Actors.Jobs;

/// <summary>What this room publishes: slots, executions, lateness, leadership. No label is unbounded.</summary>
public sealed class JobsMetrics : IDisposable
{
    private static readonly double[] LatenessBuckets =
        [0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    private static readonly string[] Statuses = [.. Enum.GetNames<ExecutionStatus>().Select(Word)];
    private static readonly string[] Protocols = [.. Enum.GetNames<Protocol>().Select(Word)];

    private readonly NodePressure _pressure;
    private readonly Meter _meter;
    private readonly Counter<long> _slots;
    private readonly Counter<long> _executions;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _lateness;
    private readonly int[] _jobs = new int[TimetableNumbers.Count];
    private readonly int[] _inFlight = new int[TimetableNumbers.Count];
    private readonly bool[] _held = new bool[TimetableNumbers.Count];
    private long _leaderEpoch;

    public JobsMetrics(IMeterFactory factory, string node, NodePressure? pressure = null)
    {
        _pressure = pressure ?? new NodePressure();
        _meter = factory.Create("Chronos");
        _slots = _meter.CreateCounter<long>("chronos_slots_total", null, "Slots by disposition");
        _executions = _meter.CreateCounter<long>("chronos_executions_total", null, "Ended executions by status and protocol");
        _duration = _meter.CreateHistogram("chronos_execution_duration_seconds", "s", "From claim to end", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
        });
        _lateness = _meter.CreateHistogram("chronos_slot_lateness_seconds", "s", "From when a slot is to fire, jitter included, to its first byte", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = LatenessBuckets,
        });
        _meter.CreateObservableGauge("chronos_planned_jobs", () => Sum(_jobs), null, "Jobs planned on this node");
        _meter.CreateObservableGauge("chronos_executions_in_flight", () => Sum(_inFlight), null, "Claimed executions that have not ended");
        _meter.CreateObservableGauge("chronos_timetables", () => new Measurement<int>(_held.Count(h => h), new KeyValuePair<string, object?>("node", node)));
        _meter.CreateObservableGauge("chronos_leader", () => new Measurement<int>(Volatile.Read(ref _leaderEpoch) > 0 ? 1 : 0, new KeyValuePair<string, object?>("node", node)));
        _meter.CreateObservableGauge("chronos_leader_epoch", () => Volatile.Read(ref _leaderEpoch));
    }

    public void Dispose() => _meter.Dispose();

    internal void LeaderRose(long epoch) => Volatile.Write(ref _leaderEpoch, epoch);

    internal void LeaderFell(long epoch) => Interlocked.CompareExchange(ref _leaderEpoch, 0, epoch);

    internal void Holds(int timetable, int jobs, int inFlight, DateTimeOffset? nextDue) => Note(timetable, true, jobs, inFlight, nextDue);

    internal void Left(int timetable) => Note(timetable, false, 0, 0, null);

    /// <summary>Counts what a committed item says.</summary>
    internal void Count(TimetableItem item)
    {
        switch (item)
        {
            case ExecutionStarted { Execution: null } i:
                _slots.Add(1, new KeyValuePair<string, object?>("disposition", i.Trigger == ExecutionTrigger.CatchUp ? "caught_up" : "fired"));
                break;
            case SlotsSkipped i:
                _slots.Add(Math.Max(1, i.Count), new KeyValuePair<string, object?>("disposition", Word(i.Reason.ToString())));
                break;
        }
    }

    internal void Lateness(TimeSpan lateness) => _lateness.Record(lateness.TotalSeconds);

    internal void Ended(ExecutionStatus status, Protocol protocol, TimeSpan duration)
    {
        _executions.Add(1, new("status", Statuses[(int)status]), new("protocol", Protocols[(int)protocol]));
        _duration.Record(duration.TotalSeconds);
    }

    private void Note(int timetable, bool held, int jobs, int inFlight, DateTimeOffset? nextDue)
    {
        (_held[timetable], _jobs[timetable], _inFlight[timetable]) = (held, jobs, inFlight);
        _pressure.Holds(timetable, inFlight, nextDue);
    }

    private static string Word(string name) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    private static int Sum(int[] values) => values.Sum();
}
