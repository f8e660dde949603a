using Akka.Actor;
using Chronos.Actors.Journal;
using Chronos.Actors.Projections;

namespace Chronos.Host.Hosting;

/// <summary>Lets the journal forget from time to time what every projection has passed and no reader of the ledger could still ask for.</summary>
internal sealed class JournalRetentionService(
    JournalRetention retention, ProjectionRunner projections, ActorSystem system, ChronosSettings settings, TimeProvider time, ILogger<JournalRetentionService> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var health = projections.Health;
            if (health.IsEmpty || health.Any(h => !h.Ready))
            {
                continue;
            }

            try
            {
                var policy = new RetentionPolicy(health.Min(h => h.Offset), settings.Retention.Age, settings.Retention.Batches)
                {
                    Reader = Akka.Cluster.Cluster.Get(system).SelfAddress.ToString(),
                    ForgetReader = settings.Retention.Age,
                };
                var report = await retention.RunOnce(policy, stoppingToken);
                log.LogInformation("Retention removed {Batches} batches and {Snapshots} snapshots from the journal", report.Batches, report.Snapshots);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.LogError(e, "Retention of the journal failed; it is tried again in {Interval}", Interval);
            }
        }
    }
}
