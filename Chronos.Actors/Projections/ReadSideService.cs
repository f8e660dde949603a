using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Chronos.Actors.Projections;

/// <summary>Starts and ends the projections with the host, and lets the ledger forget from time to time.</summary>
internal sealed class ReadSideService(
    ProjectionRunner runner, LedgerRetention retention, ReadSideOptions options, TimeProvider time, ILogger<ReadSideService> log) : BackgroundService
{
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        runner.Start();
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        runner.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.RetentionInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await retention.ExpireDeadLetters(options.DeadLetterMaxAge, time.GetUtcNow(), stoppingToken);
                await retention.RunOnce(options.LedgerMaxAge, options.LedgerMaxExecutions, time.GetUtcNow(), stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.LogError(e, "Retention of the ledger failed; it is tried again in {Interval}", options.RetentionInterval);
            }
        }
    }
}
