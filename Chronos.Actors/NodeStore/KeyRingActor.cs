using Akka.Actor;
using Akka.Event;
using Akka.Pattern;
using Akka.Persistence;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;

namespace Chronos.Actors.NodeStore;

/// <summary>Key of the key ring in the actor registry; a proxy on every node.</summary>
public sealed class KeyRingKey;

/// <summary>The shell of <see cref="KeyRing"/>: decides, persists, folds, then answers. What it knows, the directory of its own node knows at once.</summary>
internal sealed class KeyRingActor : ReceivePersistentActor
{
    /// <summary>What every key ring's persistence id begins with.</summary>
    public const string StreamPrefix = "access|";

    private readonly KeyDirectory _directory;
    private readonly TimeProvider _time;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private KeyRing _ring;

    public KeyRingActor(TenantId tenant, KeyDirectory directory, TimeProvider time)
    {
        PersistenceId = StreamPrefix + tenant.Value;
        _directory = directory;
        _time = time;
        _ring = KeyRing.Empty(tenant);
        Recover<IKeyRingEvent>(Fold);
        Command<IKeyRingCommand>(Handle);
    }

    public override string PersistenceId { get; }

    /// <summary>Supervised: after a failed write the entity stops, and what it replays then is the truth.</summary>
    public static Props Props(TenantId tenant, KeyDirectory directory, TimeProvider time) => BackoffSupervisor.Props(Backoff.OnStop(
        Akka.Actor.Props.Create(() => new KeyRingActor(tenant, directory, time)),
        "ring", TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), 0.2, -1));

    private void Handle(IKeyRingCommand command)
    {
        var decision = _ring.Decide(command, _time.GetUtcNow());
        var sender = Sender;
        if (decision.Events.IsEmpty)
        {
            sender.Tell(decision.Reply);
            return;
        }

        PersistAll(decision.Events, Fold);
        DeferAsync(decision.Reply, reply => sender.Tell(reply));
    }

    private void Fold(IKeyRingEvent fact)
    {
        _ring = _ring.Apply(fact);
        _directory.Learn(fact);
        if (!IsRecovering)
        {
            _log.Info("{0} of tenant {1}: {2} by {3}", fact.GetType().Name, fact.Tenant, fact.Key, fact.By);
        }
    }
}
