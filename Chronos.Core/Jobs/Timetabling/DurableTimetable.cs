using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Core.Wire;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What may be let out: effects to be done, replies to be given.</summary>
public sealed record TimetableRelease<TAsker>(IReadOnlyList<ITimetableEffect> Effects, IReadOnlyList<(TAsker To, object Reply)> Replies);

/// <summary>What is to be done next: a batch to be written, or what needs no commit and may be let out at once; or neither.</summary>
public readonly record struct TimetableStep<TAsker>(TimetableBatch? Write, TimetableRelease<TAsker>? Release);

/// <summary>
/// A timetable and its journal: everything that arrives while a commit is in flight is decided and applied at once and becomes one
/// batch of the next commit; effects and replies are held until their batch is durable. Pure: the shell writes, tells and keeps time.
/// </summary>
/// <remarks>A commit that failed is never reported here: the shell drops the whole object, so that nothing tentative survives, and recovers another.</remarks>
/// <typeparam name="TAsker">Who is answered.</typeparam>
public sealed class DurableTimetable<TAsker>(int number, string node)
{
    private const int SnapshotAfterItems = 20_000;

    /// <summary>A snapshot costs by the jobs in it, replaying by items and batches: so many items, and half a batch, for each job make the snapshots less than a twentieth of the load.</summary>
    private const int ItemsPerJob = 8;

    private List<(TAsker To, object Reply)> _replies = [];
    private bool _epochIsNew;
    private bool _claims;
    private DateTimeOffset _lastBatch;
    private DateTimeOffset _lastTick;
    private TimetablePlanning.NextDue? _reported;
    private int _batchesSinceSnapshot;
    private int _itemsSinceSnapshot;
    private int _level;

    public Timetable Table { get; private init; } = new(node);

    /// <summary>See <see cref="Timetable.Tokens"/>.</summary>
    public Func<JobId, CallbackToken>? Tokens
    {
        get => Table.Tokens;
        init => Table = new Timetable(node) { Tokens = value, Lead = Table.Lead };
    }

    /// <summary>See <see cref="ClaimAhead"/>.</summary>
    public TimeSpan Lead
    {
        get => Table.Lead;
        init => Table = new Timetable(node) { Tokens = Table.Tokens, Lead = value };
    }

    /// <summary>A recovery replays at most about so many batches, or half as many as there are jobs.</summary>
    public int SnapshotAfterBatches { get; init; } = 500;

    /// <summary>
    /// An incarnation that wrote nothing for so long writes an empty batch when it is ticked: another may have written since, and this one would
    /// not know, and answer for ever that nothing is due.
    /// </summary>
    public TimeSpan ClaimAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The highest epoch of a tick leader that was seen; durable with the next batch.</summary>
    public long Epoch { get; private set; }

    /// <summary>What the commit that is in flight will let out; null when none is.</summary>
    internal TimetableRelease<TAsker>? Held { get; private set; }

    public bool IsCommitting => Held is not null;

    /// <summary>
    /// A later build has written something here, and this one may have read less than that. It takes no snapshot then: the later one would go on
    /// from it, without what was not read. The journal keeps everything.
    /// </summary>
    public bool IsOfLaterBuild => _level > WireLevel.Current;

    public void Restore(TimetableSnapshot snapshot)
    {
        (Epoch, _level) = (snapshot.Epoch, Math.Max(_level, snapshot.Level ?? 0));
        Table.State.Sleep();
        Table.State.Restore(snapshot);
    }

    public void Replay(TimetableBatch batch)
    {
        (Epoch, _level) = (Math.Max(Epoch, batch.Epoch), Math.Max(_level, batch.Level ?? 0));
        Table.State.Sleep();
        _batchesSinceSnapshot++;
        _itemsSinceSnapshot += batch.Items.Length;
        foreach (var item in batch.Items)
        {
            Table.State.Apply(item);
        }

        Table.State.NotedTzdb = batch.Tzdb ?? Table.State.NotedTzdb;
        foreach (var calendar in batch.Calendars ?? [])
        {
            Table.State.Apply(calendar);
        }
    }

    /// <summary>
    /// The journal was read to its end. A batch follows in any case, if need be an empty one: an earlier incarnation may have a write under way
    /// that this one has not seen. Whichever of the two is stored, the other's is refused, and nobody goes on with what is out of date.
    /// </summary>
    public void Recovered(DateTimeOffset now)
    {
        Table.State.WakeUp();
        Table.Recovered(Instants.Floor(now));
        _claims = true;
    }

    /// <summary>
    /// Does everything that is due, and claims what is about to be. False, and nothing is done, when the leader's epoch is over;
    /// <see cref="Report"/> tells it so. Whether something is due is judged by the timetable's own clock.
    /// </summary>
    public bool Tick(TimetablePlanning.Tick tick, DateTimeOffset now)
    {
        if (tick.Epoch < Epoch)
        {
            return false;
        }

        _epochIsNew |= tick.Epoch > Epoch;
        Epoch = tick.Epoch;
        _reported = null;
        _claims |= now - _lastBatch >= ClaimAfter;

        _lastTick = tick.Now;
        Table.Tick(Instants.Floor(now));
        return true;
    }

    /// <summary>
    /// How long until the timetable is to wake itself: the clock here is behind the leader's, whose tick came too early. The leader does not
    /// wake it for that again, see <see cref="TickClock.Note"/>. Null when there is nothing of that kind.
    /// </summary>
    public TimeSpan? OwnWake(DateTimeOffset now) => Table.State.NextDueAt is { } next && next <= _lastTick && next > now ? next - now : null;

    /// <summary>The time of <see cref="OwnWake"/> is over.</summary>
    public void Wake(DateTimeOffset now) => Table.Tick(Instants.Floor(now));

    /// <summary>An attempt ended; the answer goes out with the commit.</summary>
    public void Finish(TAsker from, TimetableFacts.AttemptFinished fact, DateTimeOffset now) => _replies.Add((from, Table.Finish(fact, Instants.Floor(now))));

    /// <summary>The target told something of an attempt that goes on.</summary>
    public void Told(TimetableFacts.AttemptTold fact, DateTimeOffset now) => Table.Told(fact, Instants.Floor(now));

    /// <summary>Decides what is asked. The reply, when it may go out at once; null when it waits for a commit.</summary>
    public object? Decide(TAsker from, object command, DateTimeOffset now)
    {
        var reply = Decide(command, Instants.Floor(now));
        if (!IsCommitting && Table.Outbox.IsEmpty)
        {
            return reply;
        }

        // What the reply says may rest on what is not durable yet.
        _replies.Add((from, reply));
        return null;
    }

    /// <summary>Takes what is to be done next. After a <see cref="TimetableStep{TAsker}.Write"/> nothing comes until <see cref="Committed"/>.</summary>
    public TimetableStep<TAsker> Next(DateTimeOffset now)
    {
        if (IsCommitting || (Table.Outbox.IsEmpty && !_epochIsNew && !_claims && _replies.Count == 0))
        {
            return default;
        }

        var (items, calendars, effects, tzdb) = Table.Outbox.Take();
        var release = new TimetableRelease<TAsker>(effects, _replies);
        _replies = [];
        if (items.IsEmpty && calendars.IsEmpty && !_epochIsNew && !_claims)
        {
            return new TimetableStep<TAsker>(null, release);
        }

        (Held, _epochIsNew, _claims, _lastBatch) = (release, false, false, now);
        return new TimetableStep<TAsker>(
            new TimetableBatch(number, Epoch, Instants.Floor(now), items) { Calendars = calendars.IsEmpty ? null : calendars, Tzdb = tzdb, Level = WireLevel.Current }, null);
    }

    /// <summary>The batch in flight is durable: what may be let out now.</summary>
    public TimetableRelease<TAsker> Committed(TimetableBatch batch)
    {
        var release = Held ?? throw new InvalidOperationException("no commit is in flight");
        Held = null;
        _batchesSinceSnapshot++;
        _itemsSinceSnapshot += batch.Items.Length;
        return release;
    }

    /// <summary>A snapshot as of the last commit, when it is time for one; to be asked for right after <see cref="Committed"/>.</summary>
    public TimetableSnapshot? TakeSnapshot()
    {
        if (IsOfLaterBuild)
        {
            return null;
        }

        var enough = Math.Max(SnapshotAfterBatches, Table.State.JobCount / 2);
        if (_batchesSinceSnapshot < enough && _itemsSinceSnapshot < Math.Max(SnapshotAfterItems, ItemsPerJob * Table.State.JobCount))
        {
            return null;
        }

        // Items decided since this commit are in the state already, but not in the journal below this sequence number.
        if (!Table.Outbox.IsEmpty)
        {
            (_batchesSinceSnapshot, _itemsSinceSnapshot) = (enough, 0);
            return null;
        }

        (_batchesSinceSnapshot, _itemsSinceSnapshot) = (0, 0);
        return Table.State.Snapshot(number, Epoch) with { Level = WireLevel.Current };
    }

    /// <summary>What the leader is to be told, if it is another than last time.</summary>
    public TimetablePlanning.NextDue? ReportChange() =>
        Epoch == 0 || (_reported is not null && _reported.DueAt == Table.State.NextDueAt) ? null : Report(Epoch);

    /// <summary>What to tell a leader of this epoch.</summary>
    public TimetablePlanning.NextDue Report(long epoch)
    {
        var state = Table.State;
        return _reported = new TimetablePlanning.NextDue(number, Math.Max(epoch, Epoch), state.NextDueAt, node, state.JobCount, state.InFlight, state.Waiting);
    }

    private object Decide(object command, DateTimeOffset now) => command switch
    {
        TimetablePlanning.SetPlan c => Table.SetPlan(c with { From = Instants.Floor(c.From), PausedUntil = c.PausedUntil is { } until ? Instants.Floor(until) : null }, now),
        TimetablePlanning.RemovePlan c => Table.RemovePlan(c, now),
        TimetablePlanning.RunNow c => Table.RunNow(c, now),
        TimetableFacts.AttemptFinished c => Table.Finish(c, now),
        TimetableCommands.Cancel c => Table.Cancel(c, now),
        TimetableCommands.DropDeadLetter c => Table.DropDeadLetter(c, now),
        TimetableCommands.GetExecution c => Table.GetExecution(c),
        TimetableCommands.GetPlan c => Table.GetPlan(c, number),
        TimetableCommands.StartBackfill c => Table.StartBackfill(c, now),
        TimetableCommands.CancelBackfill c => Table.CancelBackfill(c, now),
        TimetableCommands.GetBackfill c => Table.GetBackfill(c),
        CallbackCommands.Find c => Table.FindCallback(c),
        CallbackCommands.Complete c => Table.CompleteCallback(c, now),
        CallbackCommands.Beat c => Table.Heartbeat(c, now),
        CalendarPlanning.SetCalendar c => Table.SetCalendar(c, now),
        CalendarPlanning.GetCalendarUse c => Table.GetCalendarUse(c),
        _ => throw new InvalidOperationException($"{command.GetType()} is no command of a timetable"),
    };
}
