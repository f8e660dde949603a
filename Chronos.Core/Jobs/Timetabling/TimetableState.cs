using System.Collections.Immutable;
using Chronos.Core.Calendars;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>
/// The fold of a timetable: its jobs, and the heap of what is due next. A replay of the same items gives the same state.
/// </summary>
/// <remarks>
/// The heap is derived. Entries are never removed from inside: one that no longer says the truth is dropped when it
/// surfaces (lazy deletion), and whatever changes a job pushes the job's new instant.
/// </remarks>
public sealed partial class TimetableState
{
    private readonly ZoneSource _zones;

    private readonly Dictionary<JobId, Entry> _jobs = [];
    private readonly PriorityQueue<Wake, long> _heap = new();
    private readonly Dictionary<JobId, string> _faults = [];
    private readonly Dictionary<(TenantId Tenant, string Name), (PlannedCalendar Calendar, CalendarTimes? Times)> _calendars = [];
    private readonly RemovedJobs _removed = new();
    private bool _sleeps;

    public TimetableState()
        : this(ZoneSource.Default)
    {
    }

    internal TimetableState(ZoneSource zones) => _zones = zones;

    /// <summary>See <see cref="ClaimAhead.Lead"/>.</summary>
    public TimeSpan Lead { get; init; } = ClaimAhead.Lead;

    /// <summary>The version of the tz database that next slots are computed with.</summary>
    public string TzdbVersion => _zones.Version;

    /// <summary>The version that they were computed with when this was last written down; null before it ever was.</summary>
    public string? NotedTzdb { get; set; }

    public IEnumerable<PlannedJob> Jobs => _jobs.Values.Select(e => e.Job);

    /// <summary>Jobs whose stored schedule this build cannot read, with the reason.</summary>
    public IReadOnlyDictionary<JobId, string> Faults => _faults;

    public int JobCount => _jobs.Count;

    public int InFlight { get; private set; }

    public int Waiting { get; private set; }

    /// <summary>When the timetable is to be woken next: something is due, or a slot may be claimed ahead; null when nothing is planned.</summary>
    public DateTimeOffset? NextDueAt
    {
        get
        {
            while (_heap.TryPeek(out var wake, out var ticks))
            {
                if (IsTrue(wake, ticks))
                {
                    return new DateTimeOffset(ticks, TimeSpan.Zero);
                }

                _heap.Dequeue();
            }

            return null;
        }
    }

    public PlannedJob? Find(JobId job) => _jobs.TryGetValue(job, out var entry) ? entry.Job : null;

    public long? RemovedVersion(JobId job) => _removed.Find(job)?.Version;

    /// <summary>The calendar of this name, deleted ones included.</summary>
    public PlannedCalendar? CalendarOf(TenantId tenant, string name) => _calendars.TryGetValue((tenant, name), out var known) ? known.Calendar : null;

    /// <summary>The jobs whose schedule lists a calendar.</summary>
    public IEnumerable<PlannedJob> JobsWithCalendar(TenantId tenant, string name) =>
        Jobs.Where(j => j.Tenant == tenant && j.Definition.Schedule is { Calendars: { IsEmpty: false } names } && names.Contains(name));

    /// <summary>The jobs of a tenant that may fire, for the agenda.</summary>
    public ImmutableArray<AgendaSource> Agenda(TenantId tenant)
    {
        var sources = ImmutableArray.CreateBuilder<AgendaSource>();
        foreach (var entry in _jobs.Values)
        {
            var job = entry.Job;
            if (job.Tenant != tenant || job.Removed || job.State == PlanState.Disabled || entry.Schedule is not { } schedule
                || job is { State: PlanState.Paused, PausedUntil: null } || (schedule.AfterCompletion && !(job.Running.IsEmpty && job.Waiting.IsEmpty)))
            {
                continue;
            }

            var after = schedule.AfterCompletion ? FixedDelay.From(job, schedule) : job.Cursor;
            sources.Add(new AgendaSource(job.Id, job.Definition.Name, schedule, after, job.State == PlanState.Paused ? job.PausedUntil : null));
        }

        return sources.ToImmutable();
    }

    internal Schedule? ScheduleOf(JobId job) => _jobs[job].Schedule;

    /// <summary>The next slot of the job, if it may be claimed now although it is not due.</summary>
    internal (DateTimeOffset Nominal, DateTimeOffset FireAt)? ClaimableAhead(JobId job, DateTimeOffset now) =>
        _jobs.TryGetValue(job, out var entry) && !entry.Job.IsPausedAt(now) && ClaimAhead.Next(entry.Job, entry.Schedule, Lead) is { } next && next.FireAt - Lead <= now
            ? next
            : null;

    /// <summary>Takes the next wake that is due, or null.</summary>
    internal Wake? PopDue(DateTimeOffset now)
    {
        if (NextDueAt is not { } at || at > now)
        {
            return null;
        }

        var wake = _heap.Dequeue();
        if (wake.Execution is null && _jobs.TryGetValue(wake.Job, out var entry))
        {
            entry.SlotWake = long.MaxValue;
            entry.HoldUntil = entry.HoldUntil <= now ? null : entry.HoldUntil;
        }

        return wake;
    }

    /// <summary>Looks at what waits of a job at this instant at the latest.</summary>
    internal void Hold(JobId job, DateTimeOffset until)
    {
        if (_jobs.TryGetValue(job, out var entry))
        {
            entry.HoldUntil = until;
            PushSlotWake(entry);
        }
    }

    /// <summary>Places of the heap in use, those included that say nothing any more.</summary>
    internal int Wakes => _heap.Count;

    /// <summary>From now on nothing is put into the heap: in a replay a job may have thousands of next slots, and only the last is one.</summary>
    internal void Sleep() => _sleeps = true;

    /// <summary>The replay is over: puts what each job waits for into the heap.</summary>
    internal void WakeUp()
    {
        if (!_sleeps)
        {
            return;
        }

        _sleeps = false;
        foreach (var entry in _jobs.Values)
        {
            PushSlotWake(entry);
            PushExecutionWakes(entry, null);
            entry.Fresh = false;
        }
    }

    /// <summary>Puts the job's slot wake back into the heap after it was looked at.</summary>
    internal void Rewake(JobId job)
    {
        if (_jobs.TryGetValue(job, out var entry))
        {
            PushSlotWake(entry);
        }
    }

    public TimetableSnapshot Snapshot(int timetable, long epoch) =>
        new(timetable, epoch, [.. Jobs], [.. _removed.All])
        {
            Tzdb = NotedTzdb,
            Calendars = _calendars.Count == 0 ? null : [.. _calendars.Values.Select(c => c.Calendar)],
        };

    public void Restore(TimetableSnapshot snapshot)
    {
        NotedTzdb = snapshot.Tzdb;
        foreach (var calendar in snapshot.Calendars ?? [])
        {
            Apply(calendar);
        }

        foreach (var job in snapshot.Jobs)
        {
            Put(job);
        }

        foreach (var removed in snapshot.Removed)
        {
            _removed.Remember(removed);
        }
    }

    /// <summary>A calendar as of its version. Jobs that list it get their next slots from it.</summary>
    public void Apply(PlannedCalendar calendar)
    {
        _calendars[(calendar.Tenant, calendar.Name)] = (calendar, calendar.Definition is { } definition ? CalendarTimes.Of(definition, _zones) : null);
        foreach (var job in JobsWithCalendar(calendar.Tenant, calendar.Name).ToList())
        {
            var entry = _jobs[job.Id];
            entry.Schedule = Compile(job);
            entry.HoldUntil = null;
            if (!_sleeps)
            {
                PushSlotWake(entry);
            }
        }
    }

    public void Apply(TimetableItem item)
    {
        switch (item)
        {
            case PlanSet i:
                Put(Plan(i));
                return;
            case PlanRemoved i:
                _removed.Remember(new RemovedJob(i.Job, i.Version)
                {
                    Cursor = Find(i.Job)?.Cursor ?? _removed.Find(i.Job)?.Cursor,
                    Requests = Find(i.Job)?.Requests is { IsEmpty: false } asked ? asked : _removed.Find(i.Job)?.Requests,
                });
                if (_jobs.TryGetValue(i.Job, out var gone))
                {
                    Put(gone.Job with { Version = i.Version, State = PlanState.Disabled, Removed = true });
                }

                return;
        }

        // A timetable does not know what has ended; the ledger does.
        if (item is not DeadLetterDropped && _jobs.TryGetValue(item.Job, out var entry))
        {
            Put(Fold(entry.Job, item));
        }
    }

    private void Put(PlannedJob job)
    {
        if (!_jobs.TryGetValue(job.Id, out var entry))
        {
            _jobs.Add(job.Id, entry = new Entry { Job = job, Schedule = Compile(job) });
        }
        else
        {
            InFlight -= entry.Job.Running.Count;
            Waiting -= entry.Job.Waiting.Count;
            if (!ReferenceEquals(entry.Job.Definition, job.Definition))
            {
                entry.Schedule = Compile(job);
            }
        }

        var before = entry.Job;
        entry.Job = job;
        if (job.Removed && job.Running.IsEmpty)
        {
            _jobs.Remove(job.Id);
            return;
        }

        InFlight += job.Running.Count;
        Waiting += job.Waiting.Count;
        if (_sleeps)
        {
            return;
        }

        if (entry.Fresh || MayMoveSlotWake(before, job, entry.Schedule))
        {
            PushSlotWake(entry);
        }

        if (!ReferenceEquals(before.Running, job.Running) || !ReferenceEquals(before.Definition, job.Definition) || entry.Fresh)
        {
            PushExecutionWakes(entry, entry.Fresh ? null : before);
        }

        entry.Fresh = false;
    }

    /// <summary>
    /// Whether the next look at the slots may be at another time than before. Most changes are of executions that begin, go on and end,
    /// and a search for the next slot costs more than the rest of such a change.
    /// </summary>
    private static bool MayMoveSlotWake(PlannedJob before, PlannedJob job, Schedule? schedule) =>
        before.Cursor != job.Cursor || !ReferenceEquals(before.Definition, job.Definition) || !ReferenceEquals(before.Waiting, job.Waiting)
        || before.State != job.State || before.PausedUntil != job.PausedUntil || before.Removed != job.Removed
        || job.State == PlanState.Paused || schedule is { AfterCompletion: true }
        || (!ReferenceEquals(before.Running, job.Running) && job.Definition.Concurrency.EffectiveLimit is var limit && before.Running.Count < limit != job.Running.Count < limit);

    private void PushSlotWake(Entry entry)
    {
        var at = NextSlotWake(entry);
        var ticks = at?.UtcTicks ?? long.MaxValue;
        if (ticks != entry.SlotWake)
        {
            entry.SlotWake = ticks;
            if (at is not null)
            {
                _heap.Enqueue(new Wake(entry.Job.Id, null), ticks);
            }
        }
    }

    /// <param name="before">The job as it was when its executions were put in last; absent: they were not.</param>
    private void PushExecutionWakes(Entry entry, PlannedJob? before)
    {
        if (entry.Job.Running.IsEmpty)
        {
            return;
        }

        // Another definition may mean another deadline: then every execution is looked at anew.
        var known = ReferenceEquals(before?.Definition, entry.Job.Definition) ? before : null;
        foreach (var execution in entry.Job.Running.Values)
        {
            if (ExecutionWake(entry.Job, execution) is { } at && (known is null || !known.Running.TryGetValue(execution.Id, out var old) || old != execution))
            {
                _heap.Enqueue(new Wake(entry.Job.Id, execution.Id), at.UtcTicks);
            }
        }
    }

    /// <summary>When the next slot is to be looked at: the lead before it is due, where it can be claimed then; for a paused job, when its pause ends.</summary>
    private DateTimeOffset? NextSlotWake(Entry entry)
    {
        var job = entry.Job;
        if (job.Removed || job.State == PlanState.Disabled || entry.Schedule is not { } schedule)
        {
            return null;
        }

        if (job.State == PlanState.Paused && job.PausedUntil is null)
        {
            return null;
        }

        var fireAt = ClaimAhead.Next(job, schedule, Lead) is { } ahead ? ahead.FireAt - Lead : LookAt(job, schedule);
        if (entry.HoldUntil is { } hold && !job.Waiting.IsEmpty && !(fireAt < hold))
        {
            fireAt = hold;
        }

        if (job.State == PlanState.Paused && job.Running.IsEmpty && (!job.Waiting.IsEmpty || job.OpenBackfill is not null))
        {
            return job.PausedUntil;
        }

        return job.State == PlanState.Paused && fireAt < job.PausedUntil ? job.PausedUntil : fireAt;
    }

    private static DateTimeOffset? LookAt(PlannedJob job, Schedule schedule)
    {
        var next = !schedule.AfterCompletion ? schedule.Next(job.Cursor)
            : job.Running.IsEmpty && job.Waiting.IsEmpty ? FixedDelay.Next(job, schedule)
            : null;
        return next is { } nominal ? schedule.LookAt(nominal) : null;
    }

    /// <summary>When a running execution needs a look: its retry is due, its callback overdue, or its deadline over.</summary>
    private static DateTimeOffset? ExecutionWake(PlannedJob job, RunningExecution execution)
    {
        var retry = execution.AttemptRuns ? null : execution.RetryAt;
        var next = execution.IsAwaited ? execution.Callback!.ExpiresAt : retry;
        var deadline = execution.EndsAs is null && job.Definition.Deadline is { } limit ? execution.BeganAt + limit : (DateTimeOffset?)null;
        return next is null ? deadline : deadline is null || next < deadline ? next : deadline;
    }

    private bool IsTrue(Wake wake, long ticks)
    {
        if (!_jobs.TryGetValue(wake.Job, out var entry))
        {
            return false;
        }

        return wake.Execution is { } id
            ? entry.Job.Running.TryGetValue(id, out var execution) && ExecutionWake(entry.Job, execution)?.UtcTicks == ticks
            : entry.SlotWake == ticks;
    }

    /// <remarks>
    /// A schedule was valid when it was stored. Should a later build refuse it (a zone that tzdb dropped, say), that job alone
    /// stands still and is named in <see cref="Faults"/>; its neighbours go on.
    /// </remarks>
    private Schedule? Compile(PlannedJob job)
    {
        _faults.Remove(job.Id);
        if (job.Definition.Schedule is not { } spec)
        {
            return null;
        }

        var violations = new List<Violation>();
        var schedule = Schedule.Compile(
            spec, job.Definition.Timezone, job.Tenant, job.Definition.Name,
            name => _calendars.TryGetValue((job.Tenant, name), out var known) ? known.Times : null, _zones, violations);
        if (schedule is null)
        {
            _faults[job.Id] = $"{violations[0].Field}: {violations[0].Message}";
        }

        return schedule;
    }

    /// <summary>What to look at: the slots of a job, or one of its executions.</summary>
    internal readonly record struct Wake(JobId Job, ExecutionId? Execution);

    private sealed class Entry
    {
        public required PlannedJob Job { get; set; }

        public Schedule? Schedule { get; set; }

        public long SlotWake { get; set; } = long.MaxValue;

        /// <summary>Until when a waiting catch-up waits for an opening.</summary>
        public DateTimeOffset? HoldUntil { get; set; }

        public bool Fresh { get; set; } = true;
    }
}
