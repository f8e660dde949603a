using System.Collections.Immutable;
using Akka.Actor;
using Chronos.Core.Jobs.Timetabling;

namespace Chronos.Actors.Jobs;

/// <summary>
/// Reads the agenda of one timetable, page by page, beside it: it has the timetable's schedules as they were when the reading began,
/// which are immutable, so that the timetable goes on firing meanwhile. Ends when nobody asks any more, or nobody waits for the answer.
/// </summary>
/// <remarks>
/// It works in short turns on threads of its own kind, of which there are fewer than processors: what is asked of an agenda costs the
/// firing nothing but processor time, however many schedules and calendars there are.
/// </remarks>
internal sealed class AgendaReader : ReceiveActor
{
    /// <summary>Dispatcher with few threads for all readers of a node; one turn at a time, so that they take turns.</summary>
    public const string Dispatcher = "chronos.agenda-dispatcher";

    /// <summary>A turn is over in a few milliseconds.</summary>
    private const int StepsPerTurn = 500;

    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(30);

    /// <summary>Longer than anybody waits for a page.</summary>
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(12);

    private readonly ImmutableArray<AgendaSource> _sources;
    private readonly ImmutableArray<AgendaRow>.Builder _rows = ImmutableArray.CreateBuilder<AgendaRow>();
    private (AgendaPlanning.ReadAgenda Ask, IActorRef Asker)? _open;
    private Agenda? _agenda;
    private AgendaRow? _last;

    public AgendaReader(ImmutableArray<AgendaSource> sources)
    {
        _sources = sources;
        Receive<AgendaPlanning.ReadAgenda>(Read);
        Receive<GoOn>(_ => Work());
        Receive<AgendaPlanning.EndAgenda>(_ => Context.Stop(Self));
        Receive<ReceiveTimeout>(_ => Context.Stop(Self));
        SetReceiveTimeout(IdleAfter);
    }

    /// <summary>The dispatcher's configuration.</summary>
    public static string DispatcherConfig => string.Join(
        '\n',
        $"{Dispatcher}.type = ForkJoinDispatcher",
        $"{Dispatcher}.throughput = 1",
        $"{Dispatcher}.dedicated-thread-pool.thread-count = {Math.Max(1, Environment.ProcessorCount / 2)}",
        $"{Dispatcher}.dedicated-thread-pool.threadtype = background");

    private void Read(AgendaPlanning.ReadAgenda ask)
    {
        if (_agenda is null || _open is not null || _last != ask.After)
        {
            // A new reading, or one that began at a timetable that has moved since: go to its place.
            _agenda = new Agenda(_sources, ask.After is { } place && place.FiresAt > ask.From ? place.FiresAt : ask.From, ask.To);
        }

        var goesOn = _open is not null;
        _open = (ask, Sender);
        _rows.Clear();
        SetReceiveTimeout(GiveUpAfter);
        if (!goesOn)
        {
            Work();
        }
    }

    private void Work()
    {
        if (_open is not { } open || _agenda is not { } agenda)
        {
            return;
        }

        var steps = StepsPerTurn;
        while (_rows.Count < open.Ask.Limit)
        {
            if (!agenda.Search(ref steps))
            {
                Self.Tell(GoOn.Instance);
                return;
            }

            if (agenda.Next() is not { } row)
            {
                break;
            }

            if (open.Ask.After is null || row > open.Ask.After)
            {
                _rows.Add(row);
            }
        }

        Answer(open.Ask, open.Asker, agenda);
    }

    private void Answer(AgendaPlanning.ReadAgenda ask, IActorRef asker, Agenda agenda)
    {
        _open = null;
        _last = _rows.Count > 0 ? _rows[^1] : ask.After;
        var end = agenda.IsAtEnd ? AgendaEnd.Complete : AgendaEnd.More;
        asker.Tell(new AgendaPlanning.AgendaPage(ask.Timetable, ask.Session, _rows.DrainToImmutable(), end));
        SetReceiveTimeout(IdleAfter);
        if (end == AgendaEnd.Complete)
        {
            Context.Stop(Self);
        }
    }

    /// <summary>The next turn. It is no question: who only works for nobody ends.</summary>
    private sealed class GoOn : INotInfluenceReceiveTimeout, INoSerializationVerificationNeeded
    {
        public static readonly GoOn Instance = new();
    }
}
