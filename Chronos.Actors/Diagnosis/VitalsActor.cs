using Akka.Actor;
using Akka.Event;
using Akka.Hosting;
using Chronos.Core.Diagnosis;

namespace Chronos.Actors.Diagnosis;

/// <summary><c>/user/vitals</c> on every node: says how the node is to whoever asks, from any node.</summary>
public sealed class VitalsActor : UntypedActor
{
    /// <summary>Where it is, below the address of a node.</summary>
    public const string Place = "/user/vitals";

    private readonly Func<NodeVitals> _measure;
    private readonly ILoggingAdapter _log = Context.GetLogger();

    /// <param name="measure">May block for a moment: it asks the journal.</param>
    public VitalsActor(Func<NodeVitals> measure) => _measure = measure;

    protected override void OnReceive(object message)
    {
        if (message is not GetVitals)
        {
            Unhandled(message);
            return;
        }

        _log.Debug("The doctor asks");
        Sender.Tell(_measure());
    }
}

/// <summary>Registers what the doctor asks.</summary>
public static class DiagnosisHosting
{
    /// <summary>Beside everything else: a journal that hangs must hang nobody but the doctor.</summary>
    private const string Dispatcher = "chronos.vitals-dispatcher";

    public static AkkaConfigurationBuilder WithVitals(this AkkaConfigurationBuilder builder, Func<NodeVitals> measure) => builder
        .AddHocon($"{Dispatcher}.type = PinnedDispatcher", HoconAddMode.Append)
        .WithActors((system, _) => system.ActorOf(Props.Create(() => new VitalsActor(measure)).WithDispatcher(Dispatcher), VitalsActor.Place["/user/".Length..]));
}
