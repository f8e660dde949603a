using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Event;
using Akka.Persistence;
using Chronos.Core.Calendars;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Calendars;

/// <summary>
/// The shell of a calendar: recovers, decides, persists, folds, tells every timetable, and answers when all of them have planned by
/// it. A deletion asks all timetables first who lists it.
/// </summary>
/// <remarks>What a timetable did not note is repeated; should the node die in between, the calendar follower wakes the calendar again.</remarks>
public sealed class CalendarActor : ReceivePersistentActor, IWithTimers
{
    /// <summary>What every calendar's persistence id begins with.</summary>
    public const string StreamPrefix = "calendar|";

    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(10);

    /// <summary>A question about use that not every timetable answered by then is given up; the caller hears that it is unavailable.</summary>
    private static readonly TimeSpan UseWithin = TimeSpan.FromSeconds(3);

    private readonly TenantId _tenant;
    private readonly string _name;
    private readonly TimeProvider _time;
    private readonly IActorRef _timetables;
    private readonly CalendarDirectory _directory;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly List<Waiter> _waiting = [];
    private readonly List<Deletion> _deletions = [];
    private readonly HashSet<int> _noted = [];
    private CalendarState _state = CalendarState.Empty;

    public CalendarActor(TenantId tenant, string name, TimeProvider time, IActorRef timetables, CalendarDirectory directory)
    {
        (_tenant, _name, _time, _timetables, _directory) = (tenant, name, time, timetables, directory);
        Recover<ICalendarEvent>(Fold);
        Recover<RecoveryCompleted>(_ => Tell());
        Command<CalendarCommands.Put>(OnPut);
        Command<CalendarCommands.Delete>(OnDelete);
        Command<CalendarCommands.Get>(_ => Sender.Tell(_state.Snapshot(_tenant) is { } now
            ? new CalendarReplies.Accepted(now, false, false) : new CalendarReplies.Refused(CalendarState.NoSuchCalendar(_name))));
        Command<CalendarCommands.Repeat>(_ => Tell());
        Command<CalendarPlanning.CalendarNoted>(OnNoted);
        Command<CalendarPlanning.CalendarUse>(OnUse);
        Command<Again>(_ => Tell());
        Command<GiveUp>(g => Conclude(g.Deletion));
        Command<ReceiveTimeout>(_ => OnIdle());
        Command<Stop>(_ => Context.Stop(Self));
        SetReceiveTimeout(IdleAfter);
    }

    public override string PersistenceId => $"{StreamPrefix}{_tenant}|{_name}";

    public ITimerScheduler Timers { get; set; } = null!;

    public override Recovery Recovery => new(SnapshotSelectionCriteria.None);

    private void OnPut(CalendarCommands.Put c)
    {
        var decision = _state.Decide(c, _time.GetUtcNow());
        if (decision.Rejection is { } rejection)
        {
            Sender.Tell(new CalendarReplies.Refused(rejection));
            return;
        }

        var created = _state.Definition is null;
        if (decision.Event is not { } happened)
        {
            AnswerWhenSpread(new Waiter(_state.Version, Sender, false, decision.Replayed));
            return;
        }

        var sender = Sender;
        Persist(happened, e => Happened(e, new Waiter(e.Version, sender, created, false)));
    }

    private void OnDelete(CalendarCommands.Delete c)
    {
        if (_state.Decide(c, [], 0, _time.GetUtcNow()).Rejection is { } rejection)
        {
            Sender.Tell(new CalendarReplies.Refused(rejection));
            return;
        }

        var deletion = new Deletion(c, Sender);
        _deletions.Add(deletion);
        for (var number = 0; number < TimetableNumbers.Count; number++)
        {
            _timetables.Tell(new CalendarPlanning.GetCalendarUse(number, _tenant, _name));
        }

        Timers.StartSingleTimer(deletion, new GiveUp(deletion), UseWithin);
    }

    private void OnUse(CalendarPlanning.CalendarUse use)
    {
        foreach (var deletion in _deletions.ToList())
        {
            deletion.Answers[use.Timetable] = use;
            if (deletion.Answers.Count == TimetableNumbers.Count)
            {
                Conclude(deletion);
            }
        }
    }

    private void Conclude(Deletion deletion)
    {
        if (!_deletions.Remove(deletion))
        {
            return;
        }

        Timers.Cancel(deletion);
        var count = deletion.Answers.Values.Sum(a => a.Count);
        ImmutableArray<string> users = [.. deletion.Answers.Values.SelectMany(a => a.Jobs).Order(StringComparer.Ordinal).Take(CalendarPlanning.CalendarUse.Shown)];
        var decision = _state.Decide(deletion.Command, users, count, _time.GetUtcNow());
        if (decision.Rejection is { } rejection)
        {
            deletion.To.Tell(new CalendarReplies.Refused(rejection));
        }
        else if (deletion.Answers.Count < TimetableNumbers.Count)
        {
            deletion.To.Tell(new CalendarReplies.Refused(Rejection.Of(RejectionCode.Unavailable, "not every timetable said in time whether its jobs list this calendar; nothing was deleted")));
        }
        else
        {
            var last = _state.Snapshot(_tenant)!;
            Persist(decision.Event!, e => Happened(e, new Waiter(e.Version, deletion.To, false, false) { Last = last }));
        }
    }

    private void Happened(ICalendarEvent e, Waiter waiter)
    {
        Fold(e);
        _log.Info("{CalendarEvent} {Tenant} {Calendar} version {Version}", e.GetType().Name, e.Tenant, e.Name, e.Version);
        _noted.Clear();
        AnswerWhenSpread(waiter);
    }

    private void Fold(ICalendarEvent e)
    {
        _state = _state.Apply(e);
        _directory.Learn(e);
    }

    private void AnswerWhenSpread(Waiter waiter)
    {
        if (_state.SpreadVersion >= waiter.Version)
        {
            Answer(waiter);
            return;
        }

        _waiting.Add(waiter);
        Tell();
    }

    /// <summary>Tells every timetable that has not noted the present version.</summary>
    private void Tell()
    {
        if (_state.SpreadVersion >= _state.Version)
        {
            return;
        }

        for (var number = 0; number < TimetableNumbers.Count; number++)
        {
            if (!_noted.Contains(number))
            {
                _timetables.Tell(new CalendarPlanning.SetCalendar(number, _tenant, _name, _state.Version, _state.Definition));
            }
        }

        Timers.StartSingleTimer(nameof(Again), Again.Instance, RepeatAfter);
    }

    private void OnNoted(CalendarPlanning.CalendarNoted note)
    {
        if (note.Version != _state.Version || !_noted.Add(note.Timetable) || _noted.Count < TimetableNumbers.Count)
        {
            return;
        }

        Timers.Cancel(nameof(Again));
        foreach (var waiter in _waiting)
        {
            Answer(waiter);
        }

        _waiting.Clear();
        Persist(new CalendarEvents.Spread(_tenant, _name, note.Version, _time.GetUtcNow()), Fold);
    }

    private void Answer(Waiter waiter) =>
        waiter.To.Tell((_state.Snapshot(_tenant) ?? waiter.Last) is { } now
            ? new CalendarReplies.Accepted(now, waiter.Created, waiter.Replayed)
            : new CalendarReplies.Refused(CalendarState.NoSuchCalendar(_name)));

    private void OnIdle()
    {
        if (_waiting.Count == 0 && _deletions.Count == 0 && !Timers.IsTimerActive(nameof(Again)))
        {
            Context.Parent.Tell(new Passivate(Stop.Instance));
        }
    }

    /// <param name="Created">The change made the calendar.</param>
    private sealed record Waiter(long Version, IActorRef To, bool Created, bool Replayed)
    {
        /// <summary>For a deletion: the calendar as it was.</summary>
        public CalendarSnapshot? Last { get; init; }
    }

    private sealed class Deletion(CalendarCommands.Delete command, IActorRef to)
    {
        public CalendarCommands.Delete Command => command;

        public IActorRef To => to;

        public Dictionary<int, CalendarPlanning.CalendarUse> Answers { get; } = [];
    }

    private sealed record GiveUp(Deletion Deletion) : INotInfluenceReceiveTimeout, INoSerializationVerificationNeeded;

    private sealed class Again : INotInfluenceReceiveTimeout, INoSerializationVerificationNeeded
    {
        public static readonly Again Instance = new();
    }

    private sealed class Stop : INoSerializationVerificationNeeded
    {
        public static readonly Stop Instance = new();
    }
}
