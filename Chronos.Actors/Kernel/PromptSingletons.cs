using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.Singleton;

namespace Chronos.Actors.Kernel;

/// <summary>
/// Ends the singletons of a node that stops when nobody is left who could take them over. By itself the oldest of several nodes that stop at
/// once asks the next oldest for 2.4 s, and that one is going, too.
/// </summary>
internal sealed class PromptSingletons : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Cluster _cluster = Cluster.Get(Context.System);

    public PromptSingletons()
    {
        Receive<Begin>(_ => Timers.StartPeriodicTimer(nameof(Look), Look.Instance, TimeSpan.Zero, Interval));
        Receive<Look>(_ => OnLook());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private void OnLook()
    {
        if (OtherHosts.Any(_cluster))
        {
            return;
        }

        Timers.CancelAll();
        foreach (var manager in Managers((ExtendedActorSystem)Context.System))
        {
            manager.Tell(PoisonPill.Instance);
        }
    }

    /// <summary>Those of the node's own singletons, and those of the shard coordinators.</summary>
    private static IEnumerable<ActorRefWithCell> Managers(ExtendedActorSystem system) =>
        ChildrenOf(system.Guardian)
        .Concat(ChildrenOf(((ActorRefWithCell)system.SystemGuardian).GetSingleChild("sharding")))
        .OfType<ActorRefWithCell>()
        .Where(actor => actor.Underlying?.Props?.Type == typeof(ClusterSingletonManager));

    private static IEnumerable<IActorRef> ChildrenOf(IActorRef actor) => actor is ActorRefWithCell parent ? parent.Children : [];

    /// <summary>The node has left, and what it was the oldest for is to be handed over.</summary>
    public sealed class Begin : INoSerializationVerificationNeeded
    {
        public static readonly Begin Instance = new();
    }

    private sealed class Look : INoSerializationVerificationNeeded
    {
        public static readonly Look Instance = new();
    }
}
