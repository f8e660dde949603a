using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>What is told to a timetable. Facts cannot be refused; one that comes twice, or too late, changes nothing.</summary>
public static class TimetableFacts
{
    /// <summary>An attempt ended. Repeated by the dispatcher until <see cref="AttemptNoted"/> comes back.</summary>
    public sealed record AttemptFinished(JobId Job, ExecutionId Execution, int Attempt, AttemptOutcome Outcome) : ITimetableCommand;

    /// <summary>What the target of a running attempt tells of it. Not answered, and not repeated.</summary>
    /// <param name="Percent">0 to 100, if the target says so.</param>
    public sealed record AttemptTold(JobId Job, ExecutionId Execution, int Attempt, double? Percent, string? Message) : ITimetableCommand;

    /// <summary>The answer: the outcome is durable (or was of no interest any more).</summary>
    public sealed record AttemptNoted(JobId Job, ExecutionId Execution, int Attempt) : ITimetableReply;
}
