using Chronos.Core.Calendars;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>A timetable under a clock of its own: given a plan, when time passes, then items.</summary>
internal sealed class TimetableBench
{
    public static readonly DateTimeOffset Start = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);
    public static readonly JobId Job = JobId.For(TenantId.Default, "report");

    private readonly List<TimetableItem> _journal = [];
    private int _tokens;
    private readonly List<PlannedCalendar> _calendars = [];

    public Timetable Table { get; private set; }

    public TimetableBench() => Table = Empty("n1");

    public DateTimeOffset Now { get; private set; } = Start;

    public List<AttemptRequest> Offered { get; } = [];

    public List<ExecutionId> Stopped { get; } = [];

    /// <summary>The lateness that was published.</summary>
    public List<TimeSpan> Late { get; } = [];

    public IReadOnlyList<TimetableItem> Journal => _journal;

    public PlannedJob Plan => Table.State.Find(Job)!;

    public IEnumerable<string> ClaimedAt => _journal.OfType<ExecutionStarted>().Where(c => c.Execution is null).Select(c => c.Nominal.ToString("HH:mm:ss"));

    public IEnumerable<ExecutionTrigger> Triggers => _journal.OfType<ExecutionStarted>().Select(c => c.Trigger);

    public static JobDefinition Definition(string cron) => new()
    {
        Name = "report",
        Schedule = new ScheduleSpec { Cron = cron },
        Target = new DispatchTarget(Protocol.Http, """{"url":"http://127.0.0.1/"}"""),
    };

    public TimetableBench Planned(JobDefinition definition, long version = 1, PlanState state = PlanState.Active, MisfireRule? catchUp = null, DateTimeOffset? until = null, DateTimeOffset? from = null)
    {
        Do(t => t.SetPlan(new TimetablePlanning.SetPlan(TenantId.Default, Job, version, (int)version, state, until, from ?? Now, definition, catchUp), Now));
        return this;
    }

    public T Do<T>(Func<Timetable, T> act)
    {
        var reply = act(Table);
        Commit();
        return reply;
    }

    /// <summary>Time passes second by second, as the leader would wake.</summary>
    public void Pass(TimeSpan time)
    {
        for (var end = Now + time; Now < end;)
        {
            Now = Now.AddSeconds(1) < end ? Now.AddSeconds(1) : end;
            Table.Tick(Now);
            Commit();
        }
    }

    /// <summary>Nobody wakes the timetable meanwhile.</summary>
    public void Sleep(TimeSpan time) => Now += time;

    public void Tick()
    {
        Table.Tick(Now);
        Commit();
    }

    public void SetClock(DateTimeOffset now) => Now = now;

    public void Finish(FailureClass failure = FailureClass.None, TimeSpan? retryAfter = null) => Finish(Offered[^1], failure, retryAfter);

    public void Finish(AttemptRequest attempt, FailureClass failure = FailureClass.None, TimeSpan? retryAfter = null) => Do(t => t.Finish(
        new TimetableFacts.AttemptFinished(attempt.Job, attempt.Execution, attempt.Attempt, new AttemptOutcome(
            failure, Now, TimeSpan.FromMilliseconds(5), failure == FailureClass.None ? 200 : null, failure == FailureClass.None ? null : "no", null, retryAfter)), Now));

    /// <summary>The process dies and another recovers from the journal.</summary>
    public void Crash(bool fromSnapshot = false)
    {
        var next = Empty("n2");
        if (fromSnapshot)
        {
            next.State.Restore(Table.State.Snapshot(7, 1));
        }
        else
        {
            _journal.ForEach(next.State.Apply);
            _calendars.ForEach(next.State.Apply);
        }

        Table = next;
        Offered.Clear();
        Table.Recovered(Now);
        Commit();
    }

    /// <summary>P1, over whatever the test did: from the start to the last tick, each nominal time has exactly one disposition.</summary>
    /// <param name="ago">What came due in this time may still be on its way. Absent: nothing may.</param>
    public void AssertEveryDueSlotHasOneDisposition(JobDefinition definition, TimeSpan ago = default)
    {
        var schedule = Schedule.Compile(definition.Schedule!, definition.Timezone, TenantId.Default, definition.Name, CalendarLookups.Lenient, [])!;
        for (var next = schedule.Next(Start); next <= Now - ago; next = schedule.Next(next.Value))
        {
            var nominal = next.Value;
            var claims = _journal.OfType<ExecutionStarted>().Count(c => c.Execution is null && c.Nominal == nominal);
            var skips = _journal.OfType<SlotsSkipped>().Count(s => s.First <= nominal && s.Last >= nominal);
            var waits = Plan.Waiting.Count(w => w.Nominal == nominal);
            Assert.True(claims + skips + waits == 1, $"{nominal:HH:mm:ss}: {claims} claims, {skips} skips, {waits} waiting");
        }
    }

    private Timetable Empty(string node) => new(node)
    {
        Tokens = job => CallbackToken.From(job, System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(++_tokens))),
    };

    private void Commit()
    {
        var (items, calendars, effects, _) = Table.Outbox.Take();
        _calendars.AddRange(calendars);
        _journal.AddRange(items);
        Offered.AddRange(effects.OfType<TimetableEffects.Offer>().Select(e => e.Attempt));
        Late.AddRange(effects.OfType<TimetableEffects.Sent>().Select(e => e.Lateness));
        Stopped.AddRange(effects.OfType<TimetableEffects.Stop>().Select(e => e.Execution));
    }
}
