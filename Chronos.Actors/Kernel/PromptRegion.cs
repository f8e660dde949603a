using Akka.Actor;
using Akka.Cluster;

namespace Chronos.Actors.Kernel;

/// <summary>
/// Has the shard region of a node that stops end when it has nothing left but messages for shards that have no home. By itself it waits for
/// a home until its time-out, longer than who stops the process may wait.
/// </summary>
/// <remarks>Says nothing to a region that still has a shard: a hand-over ends as it always does. See <c>NOTES.md</c>.</remarks>
internal sealed class PromptRegion : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>A coordinator that knows a home tells it within a second, and a shard that moves is there within two.</summary>
    private const int Patience = 20;

    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly ActorRefWithCell _region;
    private int _empty;

    /// <param name="region">The region of this node, or its proxy; its children are its shards.</param>
    public PromptRegion(ActorRefWithCell region)
    {
        _region = region;
        Receive<Begin>(_ => Timers.StartPeriodicTimer(nameof(Look), Look.Instance, Interval));
        Receive<Look>(_ => OnLook());
        Receive<Terminated>(_ => Context.Stop(Self));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Context.Watch(_region);

    private void OnLook()
    {
        _empty = _region.Children.Any() ? 0 : _empty + 1;

        // Of several nodes that stop at once each one is up for the others until its regions have ended: without an end to the patience all would wait for all.
        if (_empty > 0 && (_empty >= Patience || !OtherHosts.Any(_cluster)))
        {
            _region.Tell(PoisonPill.Instance);
        }
    }

    /// <summary>The node stops.</summary>
    public sealed class Begin : INoSerializationVerificationNeeded
    {
        public static readonly Begin Instance = new();
    }

    private sealed class Look : INoSerializationVerificationNeeded
    {
        public static readonly Look Instance = new();
    }
}
