using System.Reflection;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;

namespace Chronos.Actors.Kernel;

/// <summary>
/// Has a shard coordinator that rises after the death of another node begin at once. By itself it waits half a second, so that it hears of other
/// regions that ended; those of a removed member it has dropped already when it begins to wait, and for one that ends in just that
/// moment its death watch comes a little later.
/// </summary>
internal sealed class PromptCoordinators : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>By then it has begun by itself.</summary>
    private const int Tries = 30;

    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private int _left;

    /// <param name="types">The kinds of entities that are sharded.</param>
    public PromptCoordinators(IReadOnlyCollection<string> types)
    {
        Receive<ClusterEvent.MemberRemoved>(_ =>
        {
            _left = Tries;
            Timers.StartPeriodicTimer(nameof(Look), Look.Instance, Interval);
        });
        Receive<ClusterEvent.IMemberEvent>(_ => { });
        Receive<Look>(_ =>
        {
            if (_left-- <= 0)
            {
                Timers.Cancel(nameof(Look));
                return;
            }

            foreach (var type in types)
            {
                // Where there is none, on all nodes but one, nobody answers with a reference.
                Context.ActorSelection($"/system/sharding/{type}Coordinator/singleton/coordinator").Tell(new Identify(type));
            }
        });
        Receive<ActorIdentity>(i => i.Subject?.Tell(Begin));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>The coordinator's own message, which it sends to itself; it is not public. In any other state it is ignored.</summary>
    /// <exception cref="InvalidOperationException">This release of the toolkit has no such message.</exception>
    internal static object Begin { get; } =
        Array.Find(typeof(ClusterSharding).Assembly.GetTypes(), t => t.Name == "StateInitialized")?.GetField("Instance", BindingFlags.Public | BindingFlags.Static)?.GetValue(null)
        ?? throw new InvalidOperationException("the shard coordinator of this release of Akka.Cluster.Sharding begins in another way");

    protected override void PreStart() =>
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private sealed class Look : INoSerializationVerificationNeeded
    {
        public static readonly Look Instance = new();
    }
}
