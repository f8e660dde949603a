using System.Collections.Immutable;
using Akka.Actor;
using Chronos.Core.Jobs.Timetabling;

namespace Chronos.Actors.Jobs;

/// <summary>
/// Reads the agenda of one timetable, page by page, beside it: it has the timetable's schedules as they were when the reading began,
/// which are immutable, so that the timetable goes on firing meanwhile. Ends when nobody asks any more.
/// </summary>
internal sealed class AgendaReader : ReceiveActor
{
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(30);

    private readonly ImmutableArray<AgendaSource> _sources;
    private Agenda? _agenda;
    private AgendaRow? _last;

    public AgendaReader(ImmutableArray<AgendaSource> sources)
    {
        _sources = sources;
        Receive<AgendaPlanning.ReadAgenda>(Read);
        Receive<ReceiveTimeout>(_ => Context.Stop(Self));
        SetReceiveTimeout(IdleAfter);
    }

    private void Read(AgendaPlanning.ReadAgenda ask)
    {
        if (_agenda is null || _last != ask.After)
        {
            // A new reading, or one that began at a timetable that has moved since: go to its place.
            _agenda = new Agenda(_sources, ask.After is { } place && place.FiresAt > ask.From ? place.FiresAt : ask.From, ask.To);
        }

        var rows = ImmutableArray.CreateBuilder<AgendaRow>(ask.Limit);
        while (rows.Count < ask.Limit && _agenda.Next() is { } row)
        {
            if (ask.After is null || row > ask.After)
            {
                rows.Add(row);
            }
        }

        _last = rows.Count > 0 ? rows[^1] : ask.After;
        var end = _agenda.IsAtEnd ? AgendaEnd.Complete : AgendaEnd.More;
        Sender.Tell(new AgendaPlanning.AgendaPage(ask.Timetable, ask.Session, rows.DrainToImmutable(), end));
        if (end == AgendaEnd.Complete)
        {
            Context.Stop(Self);
        }
    }
}
