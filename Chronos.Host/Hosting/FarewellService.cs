using Akka.Actor;

namespace Chronos.Host.Hosting;

/// <summary>
/// The first step of a stop: the node is not ready any more, and goes on serving until those who balance requests have seen it. Only then the
/// listener closes, and after it the work is handed over.
/// </summary>
internal sealed partial class FarewellService(Readiness readiness, ChronosSettings settings, ActorSystem system, TimeProvider time, ILogger<FarewellService> logger)
    : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        readiness.Leave();

        // A node that has left the cluster already, or was thrown out of it, cannot serve.
        if (settings.StopDelay > TimeSpan.Zero && CoordinatedShutdown.Get(system).ShutdownReason is null)
        {
            Leaving(settings.StopDelay.TotalSeconds);
            await Task.Delay(settings.StopDelay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Information, Message = "Told to stop: not ready from now on, requests are served for {Seconds} s more")]
    private partial void Leaving(double seconds);
}
