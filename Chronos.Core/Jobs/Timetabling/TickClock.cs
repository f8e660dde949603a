namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What the tick leader knows and decides: one instant per timetable, whom to wake and how long to sleep. Pure: the shell keeps the epoch durable and has the timer.</summary>
public sealed class TickClock
{
    /// <summary>A tick that a timetable has not answered is repeated after this. What is sent to a lost node is lost, so it is a part of the time that a fail-over takes.</summary>
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// A timetable that has nothing due is asked all the same after this. Its last report may have been lost, or have told of decisions that
    /// were never committed, or its node may have died with executions in flight; nobody else would ever wake it.
    /// </summary>
    private static readonly TimeSpan AskAfter = TimeSpan.FromSeconds(5);

    /// <summary>The clock may be set while the leader sleeps, and a timer does not know: it looks at the clock again after this at the latest.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);

    /// <summary>A difference between the clock and the time that has passed counts as a step from here on.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private readonly Slot[] _slots;
    private DateTimeOffset? _looked;

    public TickClock(int timetables) => _slots = [.. Enumerable.Range(0, timetables).Select(_ => new Slot())];

    /// <summary>The epoch of the last leader, and from <see cref="Risen"/> on this one's.</summary>
    public long Epoch { get; private set; }

    public DateTimeOffset Since { get; private set; }

    public void Replay(TimetablePlanning.LeaderRose risen) => Epoch = Math.Max(Epoch, risen.Epoch);

    /// <summary>The take-over, to be made durable before the first tick.</summary>
    public TimetablePlanning.LeaderRose Rise(string node, DateTimeOffset now) => new(Epoch + 1, node, now);

    /// <summary>The take-over is durable: every timetable is to be asked.</summary>
    public void Risen(TimetablePlanning.LeaderRose risen)
    {
        (Epoch, Since) = (risen.Epoch, risen.At);
        foreach (var slot in _slots)
        {
            slot.At = risen.At;
        }
    }

    /// <summary>A timetable says when it has something due next. False when it has seen a later leader: then this one must not tick any more.</summary>
    public bool Note(TimetablePlanning.NextDue report, DateTimeOffset now)
    {
        if (report.Epoch > Epoch)
        {
            return false;
        }

        var slot = _slots[report.Timetable];
        if (slot.IsAsked && report.DueAt <= slot.AskedAt)
        {
            // It was ticked for that, and says that it is not due: its clock is behind, and it will wake itself. Or this is an earlier
            // report, and the tick's own is still to come. In both cases the repetition of the tick is soon enough.
            slot.Last = report;
            return true;
        }

        var ask = now + AskAfter;
        (slot.At, slot.Last, slot.IsAsked) = (report.DueAt < ask ? report.DueAt.Value : ask, report, false);
        return true;
    }

    /// <summary>Looks at the clock: by how much it was set since the last look, zero when it was not. Before <see cref="Sweep"/>.</summary>
    /// <param name="elapsed">Time that has really passed since the last look.</param>
    public TimeSpan NoticeStep(DateTimeOffset now, TimeSpan elapsed)
    {
        var step = _looked is { } before ? now - before - elapsed : TimeSpan.Zero;
        _looked = now;
        if (step.Duration() < Step)
        {
            return TimeSpan.Zero;
        }

        foreach (var slot in _slots.Where(s => s.IsAsked))
        {
            // The repetition of an unanswered tick was meant in elapsed time.
            slot.At = now;
        }

        return step;
    }

    /// <summary>The ticks that are to be sent now.</summary>
    public IReadOnlyList<TimetablePlanning.Tick> Sweep(DateTimeOffset now)
    {
        var ticks = new List<TimetablePlanning.Tick>();
        for (var n = 0; n < _slots.Length; n++)
        {
            var slot = _slots[n];
            if (slot.At <= now)
            {
                // Until the timetable answers, its next instant is the repetition of this tick.
                (slot.At, slot.AskedAt, slot.IsAsked) = (now + RepeatAfter, now, true);
                ticks.Add(new TimetablePlanning.Tick(n, Epoch, now));
            }
        }

        return ticks;
    }

    /// <summary>How long to sleep. Timers may wake a little early, then the sweep finds nothing.</summary>
    public TimeSpan Sleep(DateTimeOffset now)
    {
        var due = DateTimeOffset.MaxValue;
        foreach (var slot in _slots)
        {
            due = slot.At < due ? slot.At : due;
        }

        return due <= now ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Min(Math.Ceiling((due - now).TotalMilliseconds), LongestSleep.TotalMilliseconds));
    }

    public TimetablePlanning.LeaderView View(string node) => new(
        Epoch, node, Since, _slots.Where(s => !s.IsAsked).Min(s => s.Last?.DueAt), [.. _slots.Where(s => s.Last is not null).Select(s => s.Last!)]);

    private sealed class Slot
    {
        public DateTimeOffset At { get; set; }

        public bool IsAsked { get; set; }

        /// <summary>The instant of the last tick.</summary>
        public DateTimeOffset AskedAt { get; set; }

        public TimetablePlanning.NextDue? Last { get; set; }
    }
}
