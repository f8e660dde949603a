using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Verification;

namespace Chronos.Tests.Simulation;

/// <summary>What lives somewhere in the cluster, one of a kind: the tick leader, a timetable, a job.</summary>
internal readonly record struct Entity(char Kind, int Number)
{
    public static readonly Entity Leader = new('l', 0);

    public static Entity Timetable(int number) => new('t', number);

    public static Entity Job(int number) => new('j', number);
}

/// <summary>Who asked: a way back to it, over the network, that leads nowhere when it has ended meanwhile.</summary>
internal sealed record Asker(int Node, Action<object> Answer);

/// <summary>
/// Nodes, the network between them, and the sharding and singleton that the product has from its toolkit: an entity has one owner, and each
/// node its own, perhaps outdated, idea of who that is.
/// </summary>
internal sealed class SimulatedCluster
{
    /// <summary>The number of the place from which users ask: no node, never cut off.</summary>
    public const int Outside = -1;

    private readonly Dictionary<Entity, int> _owners = [];

    public SimulatedCluster(World world, Conditions conditions, IReadOnlyList<SimulatedJob> jobs, Flaw flaw)
    {
        (World, Conditions, Jobs, Flaw) = (world, conditions, jobs, flaw);
        Store = new SimulatedStore(world) { Conditions = conditions };
        Written = new WrittenSoFar(Store);
        Entities = [Entity.Leader, .. Enumerable.Range(0, Conditions.Timetables).Select(Entity.Timetable), .. Enumerable.Range(0, jobs.Count).Select(Entity.Job)];
        foreach (var entity in Entities)
        {
            _owners[entity] = world.Random.Below(Conditions.Nodes);
        }

        Nodes = [.. Enumerable.Range(0, Conditions.Nodes).Select(n => new SimulatedNode(this, n))];
        foreach (var node in Nodes)
        {
            node.Start(_owners);
        }
    }

    public World World { get; }

    public SimulatedStore Store { get; }

    /// <summary>What targets got, in the order in which they got it.</summary>
    public List<ReceivedRequest> Received { get; } = [];

    public WrittenSoFar Written { get; }

    public IReadOnlyList<SimulatedJob> Jobs { get; }

    public Flaw Flaw { get; }

    public Conditions Conditions { get; private set; }

    public IReadOnlyList<Entity> Entities { get; }

    public IReadOnlyList<SimulatedNode> Nodes { get; }

    public SimulatedJob JobOf(JobId id) => Jobs.First(j => j.Id == id);

    /// <summary>The number of the timetable of a job. Fewer than in the product, so that jobs share them.</summary>
    public int TimetableOf(JobId id) => JobOf(id).Number % Conditions.Timetables;

    /// <summary>Sends a message to wherever an entity lives, as the sender sees it.</summary>
    public void Tell(int from, Entity to, object message, Asker? asker, int hops = 0)
    {
        var owner = from == Outside ? World.Random.Below(Conditions.Nodes) : Nodes[from].OwnerOf(to);
        Carry(from, owner, () => Nodes[owner].Take(to, message, asker, hops));
    }

    public void Answer(int from, Asker? to, object message)
    {
        if (to is not null)
        {
            Carry(from, to.Node, () => to.Answer(message));
        }
    }

    /// <summary>Gives an entity to another node. Everybody who is not cut off learns of it, each a little later.</summary>
    public void Move(Entity entity, int to)
    {
        _owners[entity] = to;
        foreach (var node in Nodes)
        {
            World.After(World.Random.Milliseconds(0, 300), () =>
            {
                if (!node.IsOutside)
                {
                    node.Learn(entity, _owners[entity]);
                }
            });
        }
    }

    /// <summary>The cluster counts a node as lost: what lived there lives elsewhere from now on. It may be alive and not know it.</summary>
    public void TakeForLost(SimulatedNode node)
    {
        node.IsOutside = true;
        var left = Nodes.Where(n => !n.IsOutside && n.IsUp).ToList();
        foreach (var entity in Entities.Where(e => left.Count > 0 && _owners[e] == node.Number))
        {
            Move(entity, left[World.Random.Below(left.Count)].Number);
        }
    }

    /// <summary>What the plan reactor of a node does with the catalog's outbox.</summary>
    public void RemindOfPlans(int from)
    {
        foreach (var job in Jobs)
        {
            if (Store.Stream(JobIncarnation.StreamOf(job.Number)) is { Count: > 0 } events && events[^1] is IJobEvent last
                && last.At < World.Now - TimeSpan.FromSeconds(5) && Written.PlanOf(job.Id) < last.Version)
            {
                Tell(from, Entity.Job(job.Number), new JobCommands.RepeatPlan(last.Tenant, job.Id), null);
            }
        }
    }

    /// <summary>Nothing goes wrong any more.</summary>
    public void Heal()
    {
        Conditions = Conditions.Good with { OnTheWire = Conditions.OnTheWire, SnapshotAfter = Conditions.SnapshotAfter };
        (Store.Conditions, Store.GoneUntil) = (Conditions, default);
        foreach (var node in Nodes.Where(n => !n.IsUp || n.IsOutside || n.IsMute || n.IsDeaf))
        {
            node.Kill();
            Rejoin(node);
        }
    }

    /// <summary>Every process at once.</summary>
    public void KillAll(TimeSpan until)
    {
        foreach (var node in Nodes)
        {
            node.Kill();
            var life = node.Life;
            World.After(until + World.Random.Milliseconds(0, 500), () =>
            {
                if (node.Life == life)
                {
                    node.IsOutside = false;
                    node.Start(_owners);
                }
            });
        }
    }

    /// <summary>A node starts anew, empty, and gets its share.</summary>
    public void Rejoin(SimulatedNode node)
    {
        node.IsOutside = false;
        node.Start(_owners);
        foreach (var entity in Entities.Where(e => World.Random.Chance(1.0 / Conditions.Nodes)))
        {
            HandOver(entity, node.Number);
        }
    }

    /// <summary>An orderly move: the old owner lets go before the new one may start.</summary>
    public void HandOver(Entity entity, int to)
    {
        if (Nodes[_owners[entity]] is { IsUp: true, IsOutside: false } owner)
        {
            owner.Learn(entity, to);
        }

        Move(entity, to);
    }

    /// <summary>What is in the journal, stream by stream.</summary>
    public IEnumerable<string> Journal()
    {
        foreach (var happened in Store.Stream(LeaderIncarnation.Stream))
        {
            yield return $"{happened}";
        }

        foreach (var job in Jobs)
        {
            foreach (var happened in Store.Stream(JobIncarnation.StreamOf(job.Number)).Cast<IJobEvent>())
            {
                yield return $"job-{job.Number} {happened.At:mm:ss.ffffff} {happened.GetType().Name} version {happened.Version}";
            }
        }

        for (var n = 0; n < Conditions.Timetables; n++)
        {
            foreach (var batch in Store.Stream(TimetableIncarnation.StreamOf(n)).Cast<TimetableBatch>())
            {
                yield return $"timetable {n} {batch.At:mm:ss.ffffff} epoch {batch.Epoch}";
                foreach (var item in batch.Items)
                {
                    yield return $"    {JobOf(item.Job).One.Name} {item}";
                }
            }
        }
    }

    private void Carry(int from, int to, Action deliver)
    {
        var random = World.Random;
        if (from == to && to != Outside)
        {
            // Within a process nothing is lost and nothing overtakes.
            World.After(TimeSpan.Zero, deliver);
            return;
        }

        var (lost, delayed, doubled) = from == Outside || to == Outside ? (0, 0, 0) : (Conditions.Lost, Conditions.Delayed, Conditions.Doubled);
        for (var copies = random.Chance(doubled) ? 2 : 1; copies > 0; copies--)
        {
            if (!IsCut(from, to) && !random.Chance(lost))
            {
                World.After(random.Chance(delayed) ? random.Seconds(0, 4) : random.Milliseconds(0.05, 2), deliver);
            }
        }
    }

    private bool IsCut(int from, int to) => from != Outside && to != Outside && (Nodes[from].IsMute || Nodes[to].IsDeaf);
}
