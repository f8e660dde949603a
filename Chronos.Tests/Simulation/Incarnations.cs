using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;

namespace Chronos.Tests.Simulation;

/// <summary>The shell of a timetable, with <see cref="DurableTimetable{TAsker}"/> inside as in the product.</summary>
internal sealed class TimetableIncarnation(SimulatedNode node, int number) : Incarnation(node, Entity.Timetable(number), StreamOf(number))
{
    private readonly DurableTimetable<Asker?> _table = new(number, node.Name)
    {
        SnapshotAfterBatches = node.Cluster.Conditions.SnapshotAfter,
        ClaimAfter = TimeSpan.FromSeconds(8),
        Lead = node.Cluster.Conditions.Lead,
    };
    private readonly HeldAttempts _held = new();
    private bool _flushes;
    private long _arms;

    private Flaw Flaw => Node.Cluster.Flaw;

    public static string StreamOf(int number) => $"timetable|{number}";

    protected override void Restore(object snapshot) => _table.Restore((TimetableSnapshot)snapshot);

    protected override void Replay(object happened) => _table.Replay((TimetableBatch)happened);

    protected override void OnRecovered()
    {
        _table.Table.NoteTzdb();
        _table.Recovered(Now);
        Flush();
    }

    protected override void Receive(object message, Asker? asker)
    {
        switch (message)
        {
            case TimetablePlanning.Tick tick:
                var follows = Flaw == Flaw.LeaderFollowed;
                Tick(follows ? tick with { Epoch = Math.Max(tick.Epoch, _table.Epoch) } : tick, follows && tick.Now > Now ? tick.Now : Now);
                break;
            case TimetableFacts.AttemptFinished fact:
                Finish(asker, fact);
                break;
            default:
                if (_table.Decide(asker, message, Now) is { } reply)
                {
                    Node.Cluster.Answer(Node.Number, asker, reply);
                }

                Flush();
                break;
        }
    }

    private void Tick(TimetablePlanning.Tick tick, DateTimeOffset now)
    {
        if (!_table.Tick(tick, now))
        {
            Tell(_table.Report(tick.Epoch));
            return;
        }

        Flush();
        ReportNext();
    }

    private void WakeByItself()
    {
        _table.Wake(Now);
        Flush();
        ReportNext();
    }

    private void Finish(Asker? from, TimetableFacts.AttemptFinished fact)
    {
        var mayWait = _table.Table.Outbox.IsEmpty || _flushes;
        _table.Finish(from, fact, Now);
        if (_table.IsCommitting || (mayWait && !_table.Table.Outbox.IsUrgent && _flushes))
        {
            return;
        }

        if (mayWait && !_table.Table.Outbox.IsUrgent)
        {
            _flushes = true;
            After(TimeSpan.FromMilliseconds(25), () =>
            {
                if (_flushes)
                {
                    Flush();
                }
            });
            return;
        }

        Flush();
    }

    private void Flush()
    {
        var step = _table.Next(Now);
        if (step.Release is { } free)
        {
            _flushes = false;
            Release(free);
        }

        if (step.Write is { } batch)
        {
            _flushes = false;
            if (Flaw == Flaw.DispatchBeforeCommit)
            {
                Do(_table.Held!.Effects);
            }

            if (Flaw == Flaw.AckBeforeCommit)
            {
                Answer(_table.Held!.Replies);
            }

            WriteAside(batch, () => OnCommitted(batch));
        }
    }

    private void OnCommitted(TimetableBatch batch)
    {
        Release(_table.Committed(batch));
        if (_table.TakeSnapshot() is { } snapshot)
        {
            Node.Cluster.Store.SaveSnapshot(StreamOf(number), Last, snapshot);
        }

        Flush();
        ReportNext();
    }

    private void Release(TimetableRelease<Asker?> release)
    {
        if (Flaw != Flaw.DispatchBeforeCommit)
        {
            Do(release.Effects);
        }

        if (Flaw != Flaw.AckBeforeCommit)
        {
            Answer(release.Replies);
        }
    }

    private void Do(IReadOnlyList<ITimetableEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case TimetableEffects.Offer { Attempt: { NotBefore: not null } ahead } when Flaw != Flaw.SentWhenClaimed:
                    _held.Hold(ahead, Now, Elapsed);
                    break;
                case TimetableEffects.Offer e:
                    Node.Offer(e.Attempt);
                    break;
                case TimetableEffects.Stop e when _held.Withdraw(e.Execution) is { } held:
                    var never = new TimetableFacts.AttemptFinished(held.Job, held.Execution, held.Attempt, new AttemptOutcome(
                        FailureClass.Cancelled, held.NotBefore > Now ? held.NotBefore.Value : Now, TimeSpan.Zero, null, "never sent", null, null));
                    After(TimeSpan.Zero, () => Finish(null, never));
                    break;
                case TimetableEffects.Stop e:
                    Node.Pool.Cancel(e.Execution);
                    break;
            }
        }

        LetGo();
    }

    private TimeSpan Elapsed => Now - World.Start;

    private void LetGo()
    {
        _held.Release(Now, Elapsed, _table.Table.MayLeave, Node.Offer);
        var arm = ++_arms;
        if (_held.Wait(Now, Elapsed) is { } wait)
        {
            After(wait, () =>
            {
                if (arm == _arms)
                {
                    LetGo();
                }
            });
        }
    }

    private void Answer(IReadOnlyList<(Asker? To, object Reply)> replies)
    {
        foreach (var (to, reply) in replies)
        {
            Node.Cluster.Answer(Node.Number, to, reply);
        }
    }

    private void ReportNext()
    {
        if (_table.ReportChange() is { } report)
        {
            Tell(report);
        }

        if (_table.OwnWake(Now) is { } wait)
        {
            After(wait, WakeByItself);
        }
    }

    private void Tell(TimetablePlanning.NextDue report) => Node.Cluster.Tell(Node.Number, Entity.Leader, report, null);
}

/// <summary>The shell of the tick leader, with <see cref="TickClock"/> inside.</summary>
internal sealed class LeaderIncarnation(SimulatedNode node) : Incarnation(node, Entity.Leader, Stream)
{
    public const string Stream = "leader|tick";

    private readonly TickClock _clock = new(Conditions.Timetables);
    private long _arms;

    public long Epoch => _clock.Epoch;

    /// <summary>By how much the clock of a leader that is stale runs ahead.</summary>
    public TimeSpan Ahead { get; set; }

    protected override void Replay(object happened) => _clock.Replay((TimetablePlanning.LeaderRose)happened);

    protected override void OnRecovered()
    {
        var risen = _clock.Rise(Node.Name, Now);
        Write(risen, () =>
        {
            _clock.Risen(risen);
            Sweep();
        });
    }

    protected override void Receive(object message, Asker? asker)
    {
        if (_clock.Note((TimetablePlanning.NextDue)message, Now + Ahead))
        {
            Arm();
        }
        else
        {
            Stop();
        }
    }

    private void Sweep()
    {
        foreach (var tick in _clock.Sweep(Now + Ahead))
        {
            Node.Cluster.Tell(Node.Number, Entity.Timetable(tick.Timetable), tick, null);
        }

        Arm();
    }

    private void Arm()
    {
        var arm = ++_arms;
        After(_clock.Sleep(Now + Ahead), () =>
        {
            if (arm == _arms)
            {
                Sweep();
            }
        });
    }
}

/// <summary>The shell of a job, with <see cref="JobDecider"/> and <see cref="PlanHandover{TAsker}"/> inside.</summary>
internal sealed class JobIncarnation(SimulatedNode node, int number) : Incarnation(node, Entity.Job(number), StreamOf(number))
{
    private readonly PlanHandover<Asker?> _handover = new();
    private JobState _state = JobState.Empty;
    private long _repeats;

    public static string StreamOf(int number) => $"job|{number}";

    protected override void Replay(object happened) => _state = _state.Apply((IJobEvent)happened);

    protected override void OnRecovered()
    {
    }

    protected override void Receive(object message, Asker? asker)
    {
        switch (message)
        {
            case IJobChange change:
                Change(change, asker);
                break;
            case JobCommands.Trigger c when _state.Definition is null:
                Node.Cluster.Answer(Node.Number, asker, new JobReplies.Refused(JobDecider.NoSuchJob(c.Job)));
                break;
            case JobCommands.Trigger c:
                var ulid = Ulids.Derive(Now, $"{World.Random.Next()}");
                TellTimetable(new TimetablePlanning.RunNow(c.Job, ExecutionId.ForRun(c.Job, ulid), c.Payload, c.Force, c.Kind, c.Source, c.By, c.Request) { Version = _state.Version }, asker);
                break;
            case TimetablePlanning.PlanNoted note:
                foreach (var (to, reply) in _handover.Note(note, Now))
                {
                    Node.Cluster.Answer(Node.Number, to, reply);
                }

                break;
            case JobCommands.RepeatPlan:
                HandOver();
                break;
        }
    }

    private void Change(IJobChange change, Asker? asker)
    {
        var decision = JobDecider.Decide(_state, change, Now);
        if (decision.Rejection is { } rejection)
        {
            Node.Cluster.Answer(Node.Number, asker, new JobReplies.Refused(rejection));
        }
        else if (decision.Event is not { } happened)
        {
            AnswerWhenNoted(asker, decision, change is JobCommands.Resume);
        }
        else
        {
            Write(happened, () =>
            {
                _state = _state.Apply(happened);
                AnswerWhenNoted(asker, decision, change is JobCommands.Resume);
            });
        }
    }

    private void AnswerWhenNoted(Asker? to, JobDecision decision, bool resumes)
    {
        if ((decision.Repeated is { } before ? _handover.Repeat(to, before, resumes, Now) : _handover.Answer(to, _state, resumes, Now)) is { } reply)
        {
            Node.Cluster.Answer(Node.Number, to, reply);
            return;
        }

        HandOver();
    }

    private void HandOver()
    {
        foreach (var plan in _handover.PlansOf(_state))
        {
            TellTimetable(plan, Self);
        }

        var repeat = ++_repeats;
        After(TimeSpan.FromSeconds(1), () =>
        {
            if (repeat == _repeats && !_handover.IsDone(_state))
            {
                HandOver();
            }
        });
    }

    private void TellTimetable(ITimetableCommand command, Asker? asker) =>
        Node.Cluster.Tell(Node.Number, Entity.Timetable(Node.Cluster.TimetableOf(command.Job)), command, asker);
}
