using Akka.Actor;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching;

/// <summary>What the door of a pool and its workers say to each other.</summary>
internal static class WorkerMessages
{
    public sealed record Run(AttemptRequest Attempt) : INoSerializationVerificationNeeded;

    /// <summary>An attempt that waited at the door and never leaves: tell its outcome until it is noted.</summary>
    public sealed record Decline(AttemptRequest Attempt) : INoSerializationVerificationNeeded;

    public sealed record Stop(ExecutionId Execution) : INoSerializationVerificationNeeded;

    /// <summary>An attempt that was taken is over; its place is free.</summary>
    public sealed record Ended(ExecutionId Execution, int Attempt, AttemptOutcome? Outcome) : INoSerializationVerificationNeeded;

    /// <summary>Take nothing more, end what runs within the grace, tell every outcome; answered by <see cref="Drained"/>.</summary>
    public sealed class Drain : INoSerializationVerificationNeeded
    {
        public static readonly Drain Instance = new();
    }

    public sealed class Drained : INoSerializationVerificationNeeded
    {
        public static readonly Drained Instance = new();
    }
}
