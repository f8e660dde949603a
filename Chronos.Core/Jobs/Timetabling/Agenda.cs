using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What the agenda needs of a job: its compiled schedule and how far it has got.</summary>
/// <param name="After">Slots up to here are decided.</param>
/// <param name="QuietUntil">Until when it is paused; what is due before does not fire.</param>
public sealed record AgendaSource(JobId Job, string Name, Schedule Schedule, DateTimeOffset After, DateTimeOffset? QuietUntil);

/// <summary>
/// The coming executions of many jobs in time order: a merge over their schedules by a heap, so that the first row costs one search
/// per job and each further row one more. The schedules are those that fire. The searches go in steps of bounded cost.
/// </summary>
public sealed class Agenda
{
    private readonly PriorityQueue<Reading, AgendaRow> _heap = new();
    private readonly Queue<Reading> _searching;
    private readonly DateTimeOffset _to;

    /// <param name="from">Inclusive, by the time of firing.</param>
    /// <param name="to">Exclusive.</param>
    public Agenda(IEnumerable<AgendaSource> sources, DateTimeOffset from, DateTimeOffset to)
    {
        _to = to;
        _searching = new Queue<Reading>(sources.Select(s => new Reading(s, from, to)));
    }

    public bool IsAtEnd => _heap.Count == 0 && _searching.Count == 0;

    /// <summary>
    /// Looks for what the next row needs, in at most <paramref name="steps"/> steps, of which it takes away what it used. True when
    /// <see cref="Next"/> has nothing to look for.
    /// </summary>
    public bool Search(ref int steps)
    {
        while (_searching.TryPeek(out var reading))
        {
            if (steps <= 0)
            {
                return false;
            }

            steps--;
            if (reading.Step())
            {
                _searching.Dequeue();
                if (reading.Row is { } row && row.FiresAt < _to)
                {
                    _heap.Enqueue(reading, row);
                }
            }
        }

        return true;
    }

    /// <summary>The next row; null at the end.</summary>
    public AgendaRow? Next()
    {
        var steps = int.MaxValue;
        while (!Search(ref steps))
        {
            steps = int.MaxValue;
        }

        if (!_heap.TryDequeue(out var next, out var row))
        {
            return null;
        }

        _searching.Enqueue(next);
        return row;
    }

    /// <summary>The search through one job.</summary>
    private sealed class Reading(AgendaSource source, DateTimeOffset from, DateTimeOffset to)
    {
        private FiringSearch _search = SearchOf(source, from, to);

        public AgendaRow? Row { get; private set; }

        public bool Step()
        {
            if (!_search.Step())
            {
                return false;
            }

            Row = _search.Found is not { } found ? null : new AgendaRow(found.FireAt, found.Nominal, source.Job, source.Name, _search.Note);
            if (Row is not null && source.Schedule.AfterCompletion)
            {
                Row = Row with { Note = "then again after each execution has ended" };
            }

            return true;
        }

        /// <summary>What is due in a pause, by the time of firing, does not fire; a fixed delay begins where it goes on when the pause ends.</summary>
        private static FiringSearch SearchOf(AgendaSource source, DateTimeOffset from, DateTimeOffset to) =>
            new(source.Schedule, source.After, source.QuietUntil > from && !source.Schedule.AfterCompletion ? source.QuietUntil.Value : from, to);
    }
}
