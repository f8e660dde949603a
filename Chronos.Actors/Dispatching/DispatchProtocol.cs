using Akka.Actor;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching;

/// <summary>
/// What timetables and the dispatch router of their node say to each other. Never leaves the process: a timetable always uses
/// the router of its own node.
/// </summary>
/// <remarks>
/// The outcome does not come back to the sender but by id, as <c>TimetableFacts.AttemptFinished</c> to the timetable region, because
/// the timetable may have moved meanwhile.
/// </remarks>
public static class DispatchProtocol
{
    /// <summary>Make this attempt. If an earlier attempt of the same execution still runs here, it is cancelled and has ended before this one starts.</summary>
    public sealed record Offer(AttemptRequest Attempt) : INoSerializationVerificationNeeded;

    /// <summary>Stop the running attempt of an execution; it ends as <see cref="FailureClass.Cancelled"/>. Unknown executions are ignored.</summary>
    public sealed record Cancel(ExecutionId Execution) : INoSerializationVerificationNeeded;

    /// <summary>Its line is full; the attempt was not taken. <see cref="Capacity"/> follows when there is room in it.</summary>
    public sealed record Refused(AttemptRequest Attempt) : INoSerializationVerificationNeeded;

    /// <summary>There is room again in a line; sent once to everybody who was refused since the last time.</summary>
    public sealed record Capacity(FlowLine Line) : INoSerializationVerificationNeeded;

    /// <summary>Have you still got this attempt? Answered by <see cref="Held"/>, and not at all when nobody has it.</summary>
    public sealed record Ask(Protocol Protocol, ExecutionId Execution, int Attempt) : INoSerializationVerificationNeeded;

    /// <summary>Does this attempt wait here? Always answered, by <see cref="Looked"/>.</summary>
    public sealed record Look(Protocol Protocol, ExecutionId Execution, int Attempt) : INoSerializationVerificationNeeded;

    /// <param name="Waits">For its limits or a place. False also of an attempt that nobody has.</param>
    public sealed record Looked(bool Waits) : INoSerializationVerificationNeeded;

    /// <summary>The attempt is on its way for so long, or waits for its limits (null).</summary>
    public sealed record Held(ExecutionId Execution, int Attempt, TimeSpan? RunsFor) : INoSerializationVerificationNeeded;
}
