using System.Reflection;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.SBR;

namespace Chronos.Actors.Kernel;

/// <summary>
/// The toolkit's split-brain resolver, made to look at its clock five times a second. By itself it looks once a second, so that a decision which
/// is due waits for up to another second: of every fail-over that was half a second on average.
/// </summary>
public sealed class PromptDowningProvider(ActorSystem system, Cluster cluster) : IDowningProvider
{
    private readonly SplitBrainResolverProvider _stock = new(system, cluster);

    public TimeSpan DownRemovalMargin => _stock.DownRemovalMargin;

    public Props DowningActorProps
    {
        get
        {
            var resolver = _stock.DowningActorProps;
            return Props.Create(() => new Prompter(resolver));
        }
    }

    /// <summary>The resolver's own message, which it sends to itself; it is not public.</summary>
    /// <exception cref="InvalidOperationException">This release of the toolkit has no such message.</exception>
    internal static object Tick { get; } =
        typeof(SplitBrainResolverProvider).Assembly.GetType("Akka.Cluster.SBR.SplitBrainResolverBase+Tick")?.GetField("Instance", BindingFlags.Public | BindingFlags.Static)?.GetValue(null)
        ?? throw new InvalidOperationException("the split-brain resolver of this release of Akka.Cluster has another clock; take its own provider in hocon/chronos.conf");

    private sealed class Prompter : ReceiveActor, IWithTimers
    {
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

        public Prompter(Props resolver)
        {
            var child = Context.ActorOf(resolver.WithDispatcher(Context.Props.Dispatcher), "resolver");
            Context.Watch(child);
            Receive<Terminated>(_ => Context.Stop(Self));
            ReceiveAny(child.Forward);
        }

        public ITimerScheduler Timers { get; set; } = null!;

        protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Tick), Tick, Interval);
    }
}
