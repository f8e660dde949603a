using Akka;
using Akka.Actor;
using Akka.Event;
using Akka.Hosting;
using Chronos.Core.Dispatching;

namespace Chronos.Actors.Dispatching;

/// <summary>Registers the dispatch pools of a node.</summary>
public static class DispatchHosting
{
    /// <summary>
    /// Starts one pool per dispatcher under <c>/user/dispatch</c>, registered as <see cref="DispatchKey"/>. When the node stops, the
    /// pools take nothing more and report what runs before sharding goes down.
    /// </summary>
    /// <param name="timetables">The timetable region; asked for when the first outcome is told, so the order of registration does not matter.</param>
    public static AkkaConfigurationBuilder WithDispatching(
        this AkkaConfigurationBuilder builder,
        DispatchOptions options,
        IReadOnlyCollection<IDispatcher> dispatchers,
        IOutputStore outputs,
        ICircuitBoard circuits,
        TimeProvider time,
        Func<IReadOnlyActorRegistry, IActorRef> timetables) =>
        builder.WithActors((system, registry) =>
        {
            var reports = new DispatchReports(outputs, time, () => timetables(registry));
            var gateway = system.ActorOf(Props.Create(() => new DispatchGateway(dispatchers, options, reports, circuits, time)), "dispatch");
            registry.Register<DispatchKey>(gateway);
            CoordinatedShutdown.Get(system).AddTask(
                CoordinatedShutdown.PhaseServiceRequestsDone, "drain-dispatch",
                async () =>
                {
                    try
                    {
                        await gateway.Ask<WorkerMessages.Drained>(WorkerMessages.Drain.Instance, options.StopGrace + TimeSpan.FromSeconds(1), CancellationToken.None);
                    }
                    catch (AskTimeoutException)
                    {
                        system.Log.Warning("Attempts were still running, or not noted, when the node stopped");
                    }

                    return Done.Instance;
                });
        });
}
