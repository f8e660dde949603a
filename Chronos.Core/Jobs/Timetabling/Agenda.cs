using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What the agenda needs of a job: its compiled schedule and how far it has got.</summary>
/// <param name="After">Slots up to here are decided.</param>
/// <param name="QuietUntil">Until when it is paused; what is due up to then does not fire.</param>
public sealed record AgendaSource(JobId Job, string Name, Schedule Schedule, DateTimeOffset After, DateTimeOffset? QuietUntil);

/// <summary>
/// The coming executions of many jobs in time order: a merge over their schedules by a heap, so that the first row costs one search
/// per job and each further row one more. The schedules are those that fire.
/// </summary>
public sealed class Agenda
{
    private readonly PriorityQueue<(AgendaSource Source, AgendaRow Row), AgendaRow> _heap = new();
    private readonly DateTimeOffset _from;
    private readonly DateTimeOffset _to;

    /// <param name="from">Inclusive, by the time of firing.</param>
    /// <param name="to">Exclusive.</param>
    public Agenda(IEnumerable<AgendaSource> sources, DateTimeOffset from, DateTimeOffset to)
    {
        (_from, _to) = (from, to);
        foreach (var source in sources)
        {
            Push(source, Begin(source));
        }
    }

    public bool IsAtEnd => _heap.Count == 0;

    /// <summary>The next row; null at the end.</summary>
    public AgendaRow? Next()
    {
        if (!_heap.TryDequeue(out var next, out _))
        {
            return null;
        }

        if (!next.Source.Schedule.AfterCompletion)
        {
            Push(next.Source, next.Row.Nominal);
        }

        return next.Row;
    }

    private DateTimeOffset Begin(AgendaSource source)
    {
        var after = source.After;
        if (source.QuietUntil is { } quiet)
        {
            after = source.Schedule.LastDue(after, quiet) ?? after;
        }

        if (source.Schedule.AfterCompletion)
        {
            return after;
        }

        // A slot fires later than its nominal time by its jitter, or elsewhere by its calendars.
        if (source.Schedule.HasCalendars)
        {
            return source.Schedule.LastDue(after, _from.AddTicks(-1)) ?? after;
        }

        var early = _from.AddTicks(-1) - (source.Schedule.Spec.Jitter ?? TimeSpan.Zero);
        return early > after ? early : after;
    }

    private void Push(AgendaSource source, DateTimeOffset after)
    {
        while (source.Schedule.NextFiring(after) is { } next && next.FireAt < _to)
        {
            if (next.FireAt >= _from)
            {
                var note = source.Schedule.AfterCompletion ? "then again after each execution has ended" : source.Schedule.HasCalendars ? source.Schedule.Treat(next.Nominal).Note : null;
                var row = new AgendaRow(next.FireAt, next.Nominal, source.Job, source.Name, note);
                _heap.Enqueue((source, row), row);
                return;
            }

            if (source.Schedule.AfterCompletion)
            {
                return;
            }

            after = next.Nominal;
        }
    }
}
