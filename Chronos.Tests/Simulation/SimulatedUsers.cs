using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Tests.Simulation;

/// <summary>People who make, change, pause, run and delete jobs, ask again when nobody answers, and remember what they were promised.</summary>
internal sealed class SimulatedUsers(SimulatedCluster cluster, List<string> broken)
{
    private static readonly Principal Ann = new("ann");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    private int _asked;

    private World World => cluster.World;

    public long Promises { get; private set; }

    public void Begin()
    {
        foreach (var job in cluster.Jobs)
        {
            World.After(World.Random.Seconds(0, 3), () => Change(job, mark => new JobCommands.Create(TenantId.Default, job.Id, job.One, Ann, mark)));
        }

        World.After(World.Random.Seconds(1, 4), GoOn);
    }

    /// <summary>Deleted ones come back at last, so that every world ends with something to do.</summary>
    public void Restore()
    {
        foreach (var job in cluster.Jobs)
        {
            Change(job, mark => new JobCommands.Create(TenantId.Default, job.Id, job.One, Ann, mark));
        }
    }

    private void GoOn()
    {
        if (World.Now < World.Start + Conditions.Trouble)
        {
            Act(World.Random.Of(cluster.Jobs));
            World.After(World.Random.Seconds(0.05, 4), GoOn);
        }
    }

    private void Act(SimulatedJob job)
    {
        var (random, tenant) = (World.Random, TenantId.Default);
        switch (random.Below(13))
        {
            case 0 or 1:
                var next = random.Chance(0.5) ? job.One : job.Other;
                Change(job, mark => new JobCommands.Replace(tenant, job.Id, next, "replace", Ann, mark, null));
                break;
            case 2 or 3:
                var until = random.Chance(0.6) ? World.Now + random.Seconds(0.5, 15) : (DateTimeOffset?)null;
                Change(job, mark => new JobCommands.Pause(tenant, job.Id, null, until, Ann, mark, null));
                break;
            case 4 or 5:
                var rule = random.Of<MisfireRule>([MisfireRule.None, MisfireRule.Last, MisfireRule.All]);
                Change(job, mark => new JobCommands.Resume(tenant, job.Id, rule, Ann, mark, null));
                break;
            case 6:
                var enabled = random.Chance(0.6);
                Change(job, mark => new JobCommands.Switch(tenant, job.Id, enabled, Ann, mark, null));
                break;
            case 7:
                Change(job, mark => new JobCommands.Delete(tenant, job.Id, Ann, mark, null));
                break;
            case 8:
                Change(job, mark => new JobCommands.Create(tenant, job.Id, random.Chance(0.5) ? job.One : job.Other, Ann, mark));
                break;
            case 9:
                var from = World.Now - random.Seconds(5, 30);
                var range = new TimetableCommands.StartBackfill(job.Id, from, from + random.Seconds(1, 5), 1 + random.Below(3), Ann, Mark());
                Ask(Entity.Timetable(cluster.TimetableOf(job.Id)), range, random.Below(3), (reply, _) =>
                {
                    if (reply is TimetableReplies.BackfillView view)
                    {
                        Promised(cluster.Written.HasBegun(view.Operation), $"the backfill {view.Operation}");
                    }
                });
                break;
            default:
                var force = random.Chance(0.5) ? TriggerForce.Override : TriggerForce.Respect;
                var run = new JobCommands.Trigger(tenant, job.Id, null, force, ExecutionTrigger.Manual, null, Ann, Mark());
                Ask(Entity.Job(job.Number), run, random.Below(3), (reply, _) =>
                {
                    if (reply is TimetableReplies.Started started)
                    {
                        Promised(cluster.Written.HasBegun(started.Execution.Id.Value), $"the run {started.Execution.Id}");
                        MayCancel(job, started.Execution.Id);
                    }
                });
                break;
        }
    }

    private void MayCancel(SimulatedJob job, ExecutionId execution)
    {
        if (World.Random.Chance(0.3))
        {
            World.After(World.Random.Seconds(0, 2), () => Ask(
                Entity.Timetable(cluster.TimetableOf(job.Id)), new TimetableCommands.Cancel(job.Id, execution, Ann), 0, (_, _) => { }));
        }
    }

    private void Change(SimulatedJob job, Func<RequestMark, IJobChange> command)
    {
        var mark = Mark();
        Ask(Entity.Job(job.Number), command(mark), World.Random.Below(3), (reply, sent) =>
        {
            // Of two that he sent, or that the network made of one, the first may have been answered as it was true then, and the second have changed the job.
            if (reply is JobReplies.Accepted accepted && sent == 1)
            {
                var made = cluster.Store.Stream(JobIncarnation.StreamOf(job.Number)).Cast<IJobEvent>().FirstOrDefault(e => e.Request == mark);
                Promised(made is null || accepted.Job.Version < made.Version || cluster.Written.PlanOf(job.Id) >= made.Version, $"version {made?.Version} of {job.One.Name}");
            }
        });
    }

    private void Promised(bool isDurable, string what)
    {
        Promises++;
        if (!isDurable)
        {
            broken.Add($"acknowledged and not durable at {Rfc3339.Format(World.Now)}: {what}");
        }
    }

    private RequestMark Mark() => new($"k{++_asked}", "f");

    /// <summary>Asks, and asks the same again when the answer does not come in time.</summary>
    private void Ask(Entity to, object message, int again, Action<object, int> answered)
    {
        var (done, sent) = (false, 0);
        Send();

        void Send()
        {
            sent++;
            cluster.Tell(SimulatedCluster.Outside, to, message, new Asker(SimulatedCluster.Outside, reply =>
            {
                if (!done)
                {
                    done = true;
                    answered(reply, sent);
                }
            }));
            World.After(Patience, () =>
            {
                if (!done && again-- > 0)
                {
                    Send();
                }
            });
        }
    }
}
