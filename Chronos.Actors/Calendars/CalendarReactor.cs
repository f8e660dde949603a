using Akka.Actor;
using Akka.Event;
using Chronos.Actors.Journal;
using Chronos.Core.Calendars;

namespace Chronos.Actors.Calendars;

/// <summary>
/// Because a calendar changed, every timetable must hear of it and every node must know it: follows the calendars' streams of the
/// journal into the <see cref="CalendarDirectory"/>, and wakes a calendar whose change not every timetable has noted.
/// </summary>
/// <remarks>Reads from the beginning at each start: calendars are few and the journal finds their streams by an index. On a thread of its own, because it reads by blocking calls.</remarks>
internal sealed class CalendarReactor : ReceiveActor, IWithTimers
{
    /// <summary>Dispatcher with one thread for this actor.</summary>
    public const string Dispatcher = "chronos.calendar-dispatcher";

    private const int Chunk = 500;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>A calendar tells the timetables by itself within this; only what is older needs a reminder.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly IJournalReader _journal;
    private readonly CalendarDirectory _directory;
    private readonly TimeProvider _time;
    private readonly IActorRef _calendars;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private long _reached;
    private string? _trouble;
    private DateTimeOffset _reminded;

    public CalendarReactor(IJournalReader journal, CalendarDirectory directory, TimeProvider time, IActorRef calendars)
    {
        (_journal, _directory, _time, _calendars) = (journal, directory, time, calendars);
        Receive<Look>(_ => Follow());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Look), Look.Instance, TimeSpan.Zero, Poll);

    private void Follow()
    {
        try
        {
            for (var more = true; more;)
            {
                var slice = _journal.ReadStreams(CalendarActor.StreamPrefix, _reached, Chunk);
                foreach (var fact in slice.Entries.Select(e => e.Event).OfType<ICalendarEvent>())
                {
                    _directory.Learn(fact);
                }

                more = slice.Entries.Count == Chunk;
                _reached = slice.Reached;
            }

            _trouble = null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            if (_trouble != e.Message)
            {
                _trouble = e.Message;
                _log.Error(e, "Calendars cannot be followed in the journal at {Ordering}; they are shown as known until then", _reached);
            }

            return;
        }

        Remind();
    }

    private void Remind()
    {
        var now = _time.GetUtcNow();
        if (now - _reminded < Patience && now >= _reminded)
        {
            return;
        }

        _reminded = now;
        foreach (var calendar in _directory.Unspread(now - Patience).ToList())
        {
            _log.Info("Calendar {Calendar} at version {Version} is not noted by every timetable; it is told again", calendar.Name, calendar.Version);
            _calendars.Tell(new CalendarCommands.Repeat(calendar.Tenant, calendar.Name));
        }
    }

    private sealed class Look : INoSerializationVerificationNeeded
    {
        public static readonly Look Instance = new();
    }
}
