using Akka.Actor;
using Akka.Event;
using Chronos.Actors.Projections;
using Chronos.Core.Jobs;

namespace Chronos.Actors.Jobs;

/// <summary>
/// Because a job changed, its timetable must hear of it: repeats every plan that no timetable has acknowledged, so that a crash
/// between job and timetable loses nothing. The catalog's outbox is its memory, folded from the same journal.
/// </summary>
public sealed class PlanReactor : ReceiveActor, IWithTimers
{
    private const int AtOnce = 500;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>A job hands its plan over by itself within this; only what is older needs a reminder.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ILoggingAdapter _log = Context.GetLogger();

    public PlanReactor(CatalogQueries catalog, TimeProvider time, IActorRef jobs)
    {
        Receive<Look>(_ =>
        {
            try
            {
                foreach (var plan in catalog.UnacknowledgedPlans(time.GetUtcNow() - Patience, AtOnce))
                {
                    _log.Info("The plan of job {JobId} at version {Version} is not acknowledged; it is handed over again", plan.Job, plan.Version);
                    jobs.Tell(new JobCommands.RepeatPlan(plan.Tenant, plan.Job));
                }
            }
            catch (ReadModelUnavailableException)
            {
                // The read side is being rebuilt; the outbox comes back with it.
            }
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Look), Look.Instance, Interval);

    private sealed class Look : INoSerializationVerificationNeeded
    {
        public static readonly Look Instance = new();
    }
}
