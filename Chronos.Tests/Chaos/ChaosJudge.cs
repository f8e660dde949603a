using System.Globalization;
using System.Text.Json;
using Chronos.Actors.Journal;
using Chronos.Cli;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Hosting;

namespace Chronos.Tests.Chaos;

/// <summary>
/// Judges a run afterwards: <c>chronosctl verify</c> with the ledger of each node and the target's log; the claims in the journal itself, of which
/// no slot may have two, in due order of each job; and the order in which the target got what waits its turn.
/// </summary>
internal static class ChaosJudge
{
    /// <summary>Returns what is wrong. Empty: every promise was kept.</summary>
    public static async Task<IReadOnlyList<string>> Judge(ChaosCluster cluster, IReadOnlyList<LoadedJob> jobs, DateTimeOffset from, DateTimeOffset to)
    {
        var log = Path.Combine(cluster.Folder, "received.jsonl");
        cluster.Target.Save(log);
        var wrong = new List<string>();
        foreach (var node in cluster.Nodes)
        {
            wrong.AddRange(await Verify(node, log, from, to));
        }

        wrong.AddRange(Claims(cluster, jobs));
        wrong.AddRange(Order(cluster, jobs));
        return wrong;
    }

    private static async Task<IReadOnlyList<string>> Verify(SupervisedNode node, string log, DateTimeOffset from, DateTimeOffset to)
    {
        var (output, error) = (new StringWriter(CultureInfo.InvariantCulture), new StringWriter(CultureInfo.InvariantCulture));
        var around = Surroundings.OfProcess() with { Out = output, Error = error, Variable = name => name == "CHRONOS_API_KEY" ? ChaosCluster.Key : null };

        // How late is another question: what stands still for twenty seconds is late.
        var code = await ChronosCtl.RunAsync(
            ["verify", "--server", node.Api.ToString(), "-o", "json", "--from", Rfc3339.Format(from), "--to", Rfc3339.Format(to), "--received", log, "--late", "24h"],
            around, CancellationToken.None);
        if (code is not (0 or 1) || output.GetStringBuilder().Length == 0)
        {
            return [$"{node.Name}: verify ended with {code}: {error}"];
        }

        var report = JsonDocument.Parse(output.ToString()).RootElement;
        ChaosCluster.Tell($"{node.Name}: {report.GetProperty("slots")} slots of {report.GetProperty("jobs")} jobs, {report.GetProperty("executions")} executions, {report.GetProperty("redelivered")} delivered again");
        return [.. report.GetProperty("findings").EnumerateArray().Select(f => $"{node.Name}: {f.GetRawText().ReplaceLineEndings("")}")];
    }

    private static List<string> Claims(ChaosCluster cluster, IReadOnlyList<LoadedJob> jobs)
    {
        var wrong = new List<string>();
        var (claims, newest) = (new Dictionary<(JobId, DateTimeOffset), string>(), new Dictionary<(JobId, ExecutionTrigger), DateTimeOffset>());
        var names = jobs.ToDictionary(j => j.Id, j => j.Name);
        var reader = new SqlJournalReader(new JournalOptions(cluster.Folder, Durability.Full, new JournalPulse()) { Postgres = cluster.Database }, ChronosServices.Catalog);
        for (var (after, isMore) = (0L, true); isMore;)
        {
            var slice = reader.ReadStreams("timetable|", after, 2_000);
            (isMore, after) = (slice.Reached > after, slice.Reached);
            foreach (var (entry, claim) in slice.Entries.SelectMany(e => ((TimetableBatch)e.Event).Items.OfType<ExecutionStarted>().Select(c => (e, c))).Where(x => x.c.Execution is null))
            {
                var place = $"{entry.PersistenceId} {entry.SequenceNr} on {claim.Node}";
                if (!claims.TryAdd((claim.Job, claim.Nominal), place))
                {
                    wrong.Add($"claimed twice: {names[claim.Job]} at {Rfc3339.Format(claim.Nominal)}: {claims[(claim.Job, claim.Nominal)]} and {place}");
                }

                if (newest.TryGetValue((claim.Job, claim.Trigger), out var before) && before > claim.Nominal)
                {
                    wrong.Add($"out of due order: {names[claim.Job]} at {Rfc3339.Format(claim.Nominal)} after {Rfc3339.Format(before)}: {place}");
                }

                newest[(claim.Job, claim.Trigger)] = claim.Nominal;
            }
        }

        ChaosCluster.Tell($"{claims.Count} claims in the journal");
        return wrong;
    }

    /// <summary>Of what waits its turn, the target gets a slot for the first time only after the slots before it.</summary>
    private static IEnumerable<string> Order(ChaosCluster cluster, IReadOnlyList<LoadedJob> jobs)
    {
        var inOrder = jobs.Where(j => j.IsInOrder).ToDictionary(j => j.Id.Value, j => j.Name);
        var (seen, newest) = (new HashSet<string>(StringComparer.Ordinal), new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal));
        foreach (var request in cluster.Target.Requests.Where(r => seen.Add(r.Execution)))
        {
            var job = request.Execution.Split('@')[0];
            if (inOrder.TryGetValue(job, out var name) && newest.TryGetValue(job, out var before) && before > request.ScheduledAt)
            {
                yield return $"received out of due order: {name} at {Rfc3339.Format(request.ScheduledAt)} after {Rfc3339.Format(before)}";
            }

            newest[job] = request.ScheduledAt;
        }
    }
}
