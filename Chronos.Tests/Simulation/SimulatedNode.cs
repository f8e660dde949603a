using Chronos.Core.Dispatching;

namespace Chronos.Tests.Simulation;

/// <summary>A process: it has incarnations of entities and a pool of workers, dies with all of them, stands still, or is cut off.</summary>
internal sealed class SimulatedNode(SimulatedCluster cluster, int number)
{
    private readonly Dictionary<Entity, Incarnation> _incarnations = [];
    private Dictionary<Entity, int> _owners = [];
    private DateTimeOffset _stillUntil;

    public SimulatedCluster Cluster => cluster;

    public World World => cluster.World;

    public int Number => number;

    public string Name { get; } = $"n{number + 1}";

    /// <summary>Which life of the process this is; what an earlier one had planned does not happen.</summary>
    public int Life { get; private set; }

    public bool IsUp { get; private set; }

    /// <summary>The others count it as lost.</summary>
    public bool IsOutside { get; set; }

    /// <summary>What it sends reaches nobody.</summary>
    public bool IsMute { get; set; }

    /// <summary>What is sent to it does not reach it.</summary>
    public bool IsDeaf { get; set; }

    public SimulatedPool Pool { get; private set; } = null!;

    public LeaderIncarnation? Leader => _incarnations.GetValueOrDefault(Entity.Leader) as LeaderIncarnation;

    public void Start(IReadOnlyDictionary<Entity, int> owners)
    {
        (IsUp, IsMute, IsDeaf, _stillUntil) = (true, false, false, default);
        Life++;
        _incarnations.Clear();
        _owners = new Dictionary<Entity, int>(owners);
        Pool = new SimulatedPool(this);
        LeadIfOwner();
        After(World.Random.Seconds(0, 2), RemindOfPlans);
    }

    /// <summary><c>kill -9</c>.</summary>
    public void Kill()
    {
        IsUp = false;
        Life++;
        _incarnations.Clear();
    }

    /// <summary><c>SIGSTOP</c>, and <c>SIGCONT</c> later: what was to happen meanwhile happens then.</summary>
    public void StandStill(TimeSpan time) => _stillUntil = World.Now + time;

    public int OwnerOf(Entity entity) => _owners[entity];

    public void Learn(Entity entity, int owner)
    {
        _owners[entity] = owner;
        if (owner != number)
        {
            LetGo(entity);
        }
        else if (entity == Entity.Leader)
        {
            LeadIfOwner();
        }
    }

    public void LetGo(Entity entity)
    {
        if (_incarnations.Remove(entity, out var incarnation))
        {
            incarnation.End();
        }
    }

    /// <summary>Something happens on this node after a while, if this life of it still lasts then.</summary>
    public void After(TimeSpan wait, Action act)
    {
        var life = Life;
        World.After(wait, () => Do(life, act));
    }

    /// <summary>Wraps what comes from outside and is for this life of the node.</summary>
    public Action<T> InThisLife<T>(Action<T> act)
    {
        var life = Life;
        return value => Do(life, () => act(value));
    }

    public void Take(Entity to, object message, Asker? asker, int hops) => Do(Life, () =>
    {
        if (_owners[to] != number)
        {
            if (hops < 3)
            {
                cluster.Tell(number, to, message, asker, hops + 1);
            }

            return;
        }

        if (to == Entity.Leader)
        {
            Leader?.Take(message, asker);
        }
        else
        {
            Incarnate(to).Take(message, asker);
        }
    });

    /// <summary>The incarnation stopped by itself. A leader rises again, everything else when it is next spoken to.</summary>
    public void Ended(Entity entity, Incarnation incarnation)
    {
        if (_incarnations.GetValueOrDefault(entity) == incarnation)
        {
            _incarnations.Remove(entity);
            if (entity == Entity.Leader)
            {
                After(World.Random.Milliseconds(200, 2_000), LeadIfOwner);
            }
        }
    }

    public void Offer(AttemptRequest attempt) => Pool.Offer(attempt);

    private void LeadIfOwner()
    {
        if (IsUp && _owners[Entity.Leader] == number && Leader is null)
        {
            Incarnate(Entity.Leader);
        }
    }

    private void RemindOfPlans()
    {
        cluster.RemindOfPlans(number);
        After(TimeSpan.FromSeconds(2), RemindOfPlans);
    }

    private Incarnation Incarnate(Entity entity)
    {
        if (!_incarnations.TryGetValue(entity, out var incarnation))
        {
            incarnation = entity.Kind switch
            {
                'l' => new LeaderIncarnation(this),
                't' => new TimetableIncarnation(this, entity.Number),
                _ => new JobIncarnation(this, entity.Number),
            };
            _incarnations.Add(entity, incarnation);
            incarnation.Recover();
        }

        return incarnation;
    }

    private void Do(int life, Action act)
    {
        if (!IsUp || life != Life)
        {
            return;
        }

        if (World.Now < _stillUntil)
        {
            World.At(_stillUntil, () => Do(life, act));
            return;
        }

        act();
    }
}
