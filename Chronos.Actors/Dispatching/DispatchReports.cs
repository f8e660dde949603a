using Akka.Actor;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;

namespace Chronos.Actors.Dispatching;

/// <summary>Where outcomes go: the whole response to the output store, the rest to the timetable.</summary>
internal sealed class DispatchReports(IOutputStore outputs, TimeProvider time, Func<IActorRef> timetables)
{
    // Asked for late, and again if it is not there yet: the region may start after the pools.
    private readonly Lazy<IActorRef> _timetables = new(timetables, LazyThreadSafetyMode.PublicationOnly);

    public void Tell(TimetableFacts.AttemptFinished fact, IActorRef? sender) => _timetables.Value.Tell(fact, sender);

    /// <summary>Progress is told once: the next one says it better than a repetition.</summary>
    public void Tell(TimetableFacts.AttemptTold fact) => _timetables.Value.Tell(fact, ActorRefs.NoSender);

    /// <summary>Saves the output where the excerpt does not say it all, and takes it out of what goes to the journal.</summary>
    public AttemptOutcome Keep(AttemptRequest attempt, AttemptOutcome outcome)
    {
        if (outcome.Output is null)
        {
            return outcome;
        }

        if (outcome.Output.Length > (outcome.Excerpt is null ? 0 : System.Text.Encoding.UTF8.GetByteCount(outcome.Excerpt)))
        {
            outputs.Save(
                attempt.Tenant, attempt.Execution, attempt.Attempt,
                new StoredOutput(outcome.OutputType ?? "application/octet-stream", outcome.Output, time.GetUtcNow()));
        }

        return outcome with { Output = null, OutputType = null };
    }

    public AttemptOutcome NeverSent(AttemptRequest attempt) =>
        Ended(FailureClass.Cancelled, $"attempt {attempt.Attempt} was cancelled before it was sent");

    public AttemptOutcome Lost(AttemptRequest attempt) =>
        Ended(FailureClass.Lost, $"the node stopped while attempt {attempt.Attempt} ran; whether the target got it is unknown");

    public AttemptOutcome Lost(AttemptRequest attempt, AttemptOutcome outcome) =>
        Lost(attempt) with { StartedAt = outcome.StartedAt, Duration = outcome.Duration };

    public AttemptOutcome LostWaiting(AttemptRequest attempt) =>
        Ended(FailureClass.Lost, $"the node stopped while attempt {attempt.Attempt} waited for its turn; it was not sent");

    public AttemptOutcome Broken(Exception fault) => Ended(FailureClass.Request, $"the dispatcher failed: {fault.GetType().Name}");

    public AttemptOutcome NoDispatcher(Protocol protocol) =>
        Ended(FailureClass.Request, $"this node has no dispatcher for {protocol.ToString().ToLowerInvariant()}");

    private AttemptOutcome Ended(FailureClass failure, string error) => new(failure, time.GetUtcNow(), TimeSpan.Zero, null, error, null, null);
}
