using Chronos.Actors.Journal;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Projections;

namespace Chronos.Tests.Actors.Projections;

/// <summary>A journal in memory, with gaps in its orderings as a real one has.</summary>
internal sealed class FakeJournal : IJournalReader
{
    private readonly Lock _lock = new();
    private readonly List<JournalEntry> _entries = [];
    private readonly Dictionary<string, long> _sequence = [];

    public JournalPulse Pulse { get; } = new();

    /// <summary>When set, reading fails with it.</summary>
    public Exception? Fault { get; set; }

    public long Append(params object[] events)
    {
        lock (_lock)
        {
            foreach (var fact in events)
            {
                var id = fact switch
                {
                    IJobEvent e => $"job|{e.Tenant}|{e.Job}",
                    IKeyRingEvent e => $"access|{e.Tenant}",
                    TimetableBatch b => $"timetable|{b.Timetable}",
                    _ => "other|1",
                };
                var number = _sequence[id] = _sequence.GetValueOrDefault(id) + 1;
                _entries.Add(new JournalEntry((_entries.Count * 2) + 1, id, number, fact.GetType().Name, fact));
            }
        }

        Pulse.Beat();
        return Highest();
    }

    public IReadOnlyList<JournalEntry> Read(long after, int max)
    {
        if (Fault is { } fault)
        {
            throw fault;
        }

        lock (_lock)
        {
            var first = (int)((after + 1) / 2);
            return _entries.Skip(first).Take(max).ToList();
        }
    }

    public long Highest()
    {
        lock (_lock)
        {
            return _entries.Count == 0 ? 0 : _entries[^1].Ordering;
        }
    }
}
