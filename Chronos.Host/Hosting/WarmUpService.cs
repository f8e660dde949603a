using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Core.Wire;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Chronos.Host.Hosting;

/// <summary>
/// Rehearses a few bursts as soon as the node listens: a timetable in memory claims, its batches are written and read as the
/// journal would, its attempts go by HTTP to the node itself. So the first real burst of a fresh process does not wait for the
/// just-in-time compiler; it was about 130 ms late without, see the README's figures.
/// </summary>
/// <remarks>Nothing is stored and nobody is told: of timetable and dispatcher only the compiled code stays.</remarks>
internal sealed class WarmUpService(
    IServer server, ISecretSource secrets, WireCatalog wire, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<WarmUpService> log) : BackgroundService
{
    private const int Bursts = 8;
    private const int Jobs = 40;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(listening.SetResult);
        await listening.Task.WaitAsync(stoppingToken);
        if (server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault(a => a.StartsWith("http://", StringComparison.Ordinal)) is not { } address)
        {
            return;
        }

        var began = time.GetTimestamp();
        var now = time.GetUtcNow();
        var table = Planned($$"""{"url":"{{address}}/health/live","method":"GET"}""", now);
        using var dispatcher = new HttpDispatcher(new HttpDispatchOptions { AllowPrivateTargets = true }, secrets, new CircuitBoard(new CircuitOptions(), time), time);
        for (var burst = 0; burst < Bursts; burst++)
        {
            now = now.AddSeconds(1);
            table.Tick(now);
            var offers = Commit(table).OfType<TimetableEffects.Offer>().ToList();
            var outcomes = await Task.WhenAll(offers.Select(async offer => (offer.Attempt, Outcome: await dispatcher.DispatchAsync(offer.Attempt, stoppingToken))));
            foreach (var (attempt, outcome) in outcomes)
            {
                table.Finish(new TimetableFacts.AttemptFinished(attempt.Job, attempt.Execution, attempt.Attempt, outcome), now);
            }

            Commit(table);
            if (outcomes.FirstOrDefault(o => !o.Outcome.Succeeded).Outcome is { } failed)
            {
                log.LogDebug("The node could not warm up on itself: {Error}", failed.Error);
                return;
            }
        }

        log.LogDebug("Warm after {Elapsed}", time.GetElapsedTime(began));
    }

    private static Timetable Planned(string target, DateTimeOffset now)
    {
        var table = new Timetable("warm-up");
        for (var i = 0; i < Jobs; i++)
        {
            var definition = new JobDefinition { Name = $"warm-up-{i}", Schedule = new ScheduleSpec { Cron = "* * * * * *" }, Target = new DispatchTarget(Protocol.Http, target) };
            table.SetPlan(new TimetablePlanning.SetPlan(TenantId.Default, JobId.For(TenantId.Default, definition.Name), 1, 1, PlanState.Active, null, now, definition, null), now);
        }

        return table;
    }

    private IReadOnlyList<ITimetableEffect> Commit(Timetable table)
    {
        var commit = table.Outbox.Take();
        var batch = new TimetableBatch(0, 0, time.GetUtcNow(), commit.Items);
        wire.Read(wire.Write(batch), wire.ManifestOf(batch));
        return commit.Effects;
    }
}
