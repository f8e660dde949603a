using System.Collections.Immutable;
using System.Globalization;
using Chronos.Core.Jobs.Timetabling;

namespace Chronos.Core.Diagnosis;

/// <summary>A member of the cluster as it was asked.</summary>
/// <param name="Vitals">Absent: it did not answer.</param>
/// <param name="AskedAt">When, by the clock of who asked.</param>
/// <param name="RoundTrip">How long question and answer took.</param>
public sealed record Examined(string Address, bool Reachable, NodeVitals? Vitals, DateTimeOffset AskedAt, TimeSpan RoundTrip);

/// <summary>What the tick leader says; absent where it says nothing.</summary>
/// <param name="Overdue">Timetables whose next due time has passed, with that time.</param>
/// <param name="Silent">Timetables that have told it nothing since it rose.</param>
/// <param name="Since">When it rose.</param>
public sealed record Leadership(
    string Node, long Epoch, DateTimeOffset Since, ImmutableArray<(int Timetable, string Node, DateTimeOffset DueAt)> Overdue, ImmutableArray<int> Silent);

/// <summary>Looks at all nodes and says what is wrong, and what to do about it.</summary>
/// <remarks>
/// The offset of a clock is known only up to half the round trip (Cristian, "Probabilistic clock synchronization", 1989), so only what
/// goes beyond that is called skew.
/// </remarks>
public static partial class Doctor
{
    /// <summary>From here on slots fire noticeably late, or early by another node's clock.</summary>
    public static readonly TimeSpan SkewWarning = TimeSpan.FromMilliseconds(100);

    public static readonly TimeSpan SkewFault = TimeSpan.FromSeconds(1);

    /// <summary>A question to the journal that takes longer makes claims late.</summary>
    public const double JournalWarningMs = 50;

    public const double LagWarningSeconds = 5;

    /// <summary>A slot that is due for so long and not claimed is stuck.</summary>
    public static readonly TimeSpan Stuck = TimeSpan.FromSeconds(10);

    public const long LowDiskBytes = 1L << 30;

    /// <summary>Settings that must be the same everywhere, and what happens where they are not.</summary>
    private static readonly (string Key, FindingLevel Level, string Why)[] Common =
    [
        ("cluster_profile", FindingLevel.Fault, "nodes that take each other for lost after different times can part"),
        ("durability", FindingLevel.Warning, "what a power cut may take depends on which node wrote it"),
        ("allow_private_targets", FindingLevel.Warning, "whether a job may reach its target depends on the node that sends"),
        ("cluster_arbiter", FindingLevel.Fault, "after a split the nodes would decide by different rules who goes on"),
        ("https", FindingLevel.Warning, "who calls any node finds some in the clear"),
        ("cluster_forming", FindingLevel.Warning, "a node that looks for the others elsewhere may found a cluster of its own when all start anew"),
    ];

    /// <summary>Findings, the worst first.</summary>
    public static ImmutableArray<Finding> Diagnose(IReadOnlyCollection<Examined> nodes, Leadership? leader, DateTimeOffset now)
    {
        List<Finding> found = [.. Leading(leader, nodes.Any(n => n.Vitals is { } v && IsWithoutJournal(v)), now)];
        foreach (var node in nodes)
        {
            found.AddRange(node.Vitals is { } vitals ? [.. OfNode(node, vitals), .. Certificates(vitals, now)] : [Unheard(node)]);
        }

        found.AddRange(Absent(nodes));
        found.AddRange(Together([.. nodes.Select(n => n.Vitals).OfType<NodeVitals>()]));

        // What others follow from comes first.
        return [.. found.OrderByDescending(f => f.Level).ThenBy(f => f.Check == "journal" ? 0 : 1)];
    }

    private static bool IsWithoutJournal(NodeVitals vitals) => vitals.JournalMs is null || vitals.JournalError is not null;

    private static IEnumerable<Finding> Leading(Leadership? leader, bool withoutJournal, DateTimeOffset now)
    {
        if (leader is null)
        {
            yield return new Finding(
                "leader", FindingLevel.Fault, null, "no tick leader answers: nothing fires",
                "see 'chronosctl cluster show': a node with the role scheduler must be up, and a majority of the nodes reachable");
            yield break;
        }

        yield return new Finding("leader", FindingLevel.Ok, leader.Node, $"leads in epoch {Text(leader.Epoch)}", null);
        var stuck = leader.Overdue.Where(t => now - t.DueAt > Stuck).ToList();
        foreach (var held in stuck.GroupBy(t => t.Node))
        {
            yield return new Finding(
                "stuck_slots", FindingLevel.Fault, held.Key,
                $"{(held.Count() == 1 ? $"timetable {Text(held.First().Timetable)} has" : $"{Text(held.Count())} timetables have")} a slot that is due since {Seconds(now - held.Min(t => t.DueAt))} and is not claimed",
                withoutJournal
                    ? "the journal is the cause: they go on by themselves when it does"
                    : "see the node's log for failures of the journal; 'chronosctl cluster leave' on the node moves its timetables to others");
        }

        var silent = now - leader.Since > Stuck ? leader.Silent : [];
        if (!silent.IsEmpty)
        {
            yield return new Finding(
                "stuck_slots", FindingLevel.Fault, null, $"{Text(silent.Length)} of {Text(TimetableNumbers.Count)} timetables do not answer, nothing of theirs fires: {string.Join(", ", silent.Take(8).Select(t => Text(t)))}{(silent.Length > 8 ? ", …" : "")}",
                withoutJournal ? "the journal is the cause: they go on by themselves when it does" : "see the nodes' logs: they say on what the recoveries of these timetables fail");
        }

        if (stuck.Count == 0 && silent.IsEmpty)
        {
            yield return new Finding("stuck_slots", FindingLevel.Ok, null, "no slot is overdue", null);
        }
    }

    private static Finding Unheard(Examined node) => new(
        "member", FindingLevel.Fault, node.Address, node.Reachable ? "does not answer" : "is not reachable",
        "if it is gone for good: 'chronosctl cluster down' with its address; if it is alive: look at its network and its load");

    private static IEnumerable<Finding> OfNode(Examined node, NodeVitals vitals)
    {
        // Half way between question and answer, by the clock of who asked.
        var offset = vitals.At - (node.AskedAt + (node.RoundTrip / 2));
        var certain = offset.Duration() - (node.RoundTrip / 2);
        yield return certain > SkewWarning
            ? new Finding(
                "clock_skew", certain > SkewFault ? FindingLevel.Fault : FindingLevel.Warning, vitals.Node,
                $"its clock is {Seconds(offset.Duration())} {(offset > TimeSpan.Zero ? "ahead" : "behind")}", "synchronize the clocks (chrony or ntpd): slots fire by the clock of the leader")
            : new Finding("clock_skew", FindingLevel.Ok, vitals.Node, $"within {Seconds(offset.Duration() + (node.RoundTrip / 2))}", null);
        yield return vitals.JournalMs switch
        {
            { } when vitals.JournalError is { } error => new Finding(
                "journal", FindingLevel.Fault, vitals.Node, $"the journal answers, but refuses: {error}",
                "see that the database lets its user write, has room, and has connections left"),
            null => new Finding("journal", FindingLevel.Fault, vitals.Node, "the journal does not answer: nothing is claimed", "see that the database runs, is reachable and has room"),
            > JournalWarningMs => new Finding(
                "journal", FindingLevel.Warning, vitals.Node, $"the journal takes {Text(vitals.JournalMs.Value)} ms to answer",
                "claims are late by it: look at the database's disk and load, or bring the node nearer to it"),
            { } ms => new Finding("journal", FindingLevel.Ok, vitals.Node, $"answers in {Text(ms)} ms", null),
        };
        foreach (var model in vitals.Projections)
        {
            yield return model switch
            {
                { Error: { } error } when IsWithoutJournal(vitals) => new Finding(
                    "projection_lag", FindingLevel.Fault, vitals.Node, $"{model.Name} waits: {error}", "it goes on by itself when the journal answers"),
                { Error: { } error } => new Finding(
                    "projection_lag", FindingLevel.Fault, vitals.Node, $"{model.Name} has stopped: {error}", $"mend what it says, then 'chronosctl projection rebuild {model.Name}'"),
                { LagSeconds: > LagWarningSeconds } => new Finding(
                    "projection_lag", FindingLevel.Warning, vitals.Node, $"{model.Name} is {Text(model.LagSeconds)} s behind: lists are that old",
                    "after a start or a rebuild it catches up; else the node's disk or processor is too busy"),
                _ => new Finding("projection_lag", FindingLevel.Ok, vitals.Node, $"{model.Name} is {Text(model.LagSeconds)} s behind", null),
            };
        }

        yield return vitals.FreeBytes < LowDiskBytes
            ? new Finding("disk", FindingLevel.Warning, vitals.Node, $"{Text(vitals.FreeBytes >> 20)} MB are left for its files", "make room, or keep less of the past (CHRONOS_RETENTION_AGE)")
            : new Finding("disk", FindingLevel.Ok, vitals.Node, $"{Text(vitals.FreeBytes >> 30)} GB are left for its files", null);
    }

    private static IEnumerable<Finding> Together(ImmutableArray<NodeVitals> nodes)
    {
        if (nodes.Length < 2)
        {
            yield break;
        }

        if (Differing(nodes, n => n.Tzdb) is { } zones)
        {
            yield return new Finding("tzdb", FindingLevel.Fault, null, $"nodes compute schedules with different time zones: {zones}", "finish the rolling update, and give all nodes the same CHRONOS_TZDB: after a move a job may fire by the older rules");
        }

        if (Differing(nodes, n => n.Version) is { } versions)
        {
            yield return new Finding("version", FindingLevel.Warning, null, $"nodes run different builds: {versions}", "fine during a rolling update; finish it");
        }

        var agree = true;
        foreach (var (key, level, why) in Common)
        {
            if (Differing(nodes, n => n.Settings.GetValueOrDefault(key, "unset")) is { } values)
            {
                agree = false;
                yield return new Finding("settings", level, null, $"{key} differs: {values}", $"make it the same everywhere: {why}");
            }
        }

        if (agree)
        {
            yield return new Finding("settings", FindingLevel.Ok, null, "the nodes agree", null);
        }
    }

    /// <summary>Which nodes say what, where they do not all say the same.</summary>
    private static string? Differing(ImmutableArray<NodeVitals> nodes, Func<NodeVitals, string> value)
    {
        var groups = nodes.GroupBy(value, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        return groups.Count == 1 ? null : string.Join(", ", groups.Select(g => $"{g.Key} ({string.Join(", ", g.Select(n => n.Node).Order(StringComparer.Ordinal))})"));
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds < 1 ? $"{Text(time.TotalMilliseconds)} ms" : $"{Text(time.TotalSeconds)} s";

    private static string Text(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);
}
