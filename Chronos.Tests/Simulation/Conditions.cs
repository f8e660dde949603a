using Chronos.Core.Jobs.Timetabling;

namespace Chronos.Tests.Simulation;

/// <summary>A bug that is planted to see whether it is found.</summary>
internal enum Flaw
{
    None,

    /// <summary>Attempts are offered when their claim is decided, not when it is durable.</summary>
    DispatchBeforeCommit,

    /// <summary>A timetable follows every leader, and takes its clock for the right one.</summary>
    LeaderFollowed,

    /// <summary>Replies go out when they are decided, not when what they say is durable.</summary>
    AckBeforeCommit,

    /// <summary>What was claimed ahead is sent as soon as the claim is durable.</summary>
    SentWhenClaimed,
}

/// <summary>How bad a seed's world is. Drawn once; no world is bad for ever: after <see cref="Trouble"/> it heals.</summary>
internal sealed record Conditions(
    double Lost, double Delayed, double Doubled, double WriteRefused, double WriteHangs, double ReadFails, double RequestLost, double AnswerLost, double TargetFails,
    TimeSpan BetweenBlows, int SnapshotAfter, bool OnTheWire)
{
    public const int Nodes = 3;
    public const int Timetables = 3;

    /// <summary>How long things go wrong.</summary>
    public static readonly TimeSpan Trouble = TimeSpan.FromSeconds(45);

    /// <summary>How long everything works afterwards, in which everything must come right.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(40);

    /// <summary>Slots younger than this at the end may still be on their way.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    /// <summary>How long before they are due slots are claimed: in two worlds of three as in the product, in the third long enough for a lot to happen meanwhile.</summary>
    public TimeSpan Lead => SnapshotAfter % 3 == 0 ? TimeSpan.FromMilliseconds(700) : ClaimAhead.Lead;

    public static readonly Conditions Good = new(0, 0, 0, 0, 0, 0, 0, 0, 0, TimeSpan.Zero, 20, false);

    public static Conditions Draw(SeededRandom random) => new(
        Some(random, 0.2), Some(random, 0.2), Some(random, 0.1), Some(random, 0.05), Some(random, 0.05), Some(random, 0.1), Some(random, 0.15), Some(random, 0.15),
        Some(random, 0.3), random.Seconds(1.5, 12), 1 + random.Below(30), random.Chance(0.125));

    private static double Some(SeededRandom random, double most) => random.Chance(0.4) ? 0 : random.Unit() * most;
}
