using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Http;
using Chronos.Actors.Jobs;
using Chronos.Core.Dispatching;
using Chronos.Core.Wire;

namespace Chronos.Host.Hosting;

/// <summary>
/// Has the way of an execution rehearsed as soon as the node listens, so that the first real burst of a
/// fresh process does not wait for the just-in-time compiler; see the README's figures.
/// </summary>
internal sealed class WarmUpService(
    ActorSystem system, ISecretSource secrets, WireCatalog wire, IOutputStore outputs, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<WarmUpService> log) : BackgroundService
{
    /// <summary>Bytes of the heap, with what is dead in it.</summary>
    private const long MostMoved = 256L << 20;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(listening.SetResult);
        await listening.Task.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stoppingToken.IsCancellationRequested)
        {
            // A node that never listened (its port is taken) says so itself; nothing else failed.
            return;
        }

        var began = time.GetTimestamp();
        var circuits = new CircuitBoard(new CircuitOptions(), time);
        var options = new HttpDispatchOptions { AllowPrivateTargets = true };
        if (await new Rehearsal(system, wire, outputs, time).RunAsync(() => new HttpDispatcher(options, secrets, circuits, time), circuits, stoppingToken) is { } failure)
        {
            log.LogDebug("The node could not warm up: {Error}", failure);
            return;
        }

        // What the start has made and what stays of it is moved once now, and not by the first collection in the middle of a burst, which takes 80 ms then.
        // A heap of many jobs would stand still for longer than that gains.
        if (GC.GetTotalMemory(forceFullCollection: false) < MostMoved)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        }

        log.LogDebug("Warm after {Elapsed}", time.GetElapsedTime(began));
    }
}
