using System.Collections.Immutable;
using Akka.Actor;
using Akka.Hosting;
using Chronos.Actors.Diagnosis;
using Chronos.Actors.Jobs;
using Chronos.Actors.Journal;
using Chronos.Actors.Projections;
using Chronos.Core.Diagnosis;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Scheduling;
using Chronos.Host.Hosting;
using Chronos.Host.Http;

namespace Chronos.Host.Cluster;

/// <summary>What the doctor found.</summary>
/// <param name="Status">The worst of the findings.</param>
internal sealed record DoctorView(FindingLevel Status, DateTimeOffset At, ImmutableArray<Finding> Findings);

/// <summary>Asks every node how it is and says what is wrong, and what to do.</summary>
internal static class DoctorEndpoints
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Well below <see cref="Patience"/>: the node answers also when its journal does not.</summary>
    private static readonly TimeSpan JournalPatience = TimeSpan.FromSeconds(1);

    /// <summary>What does not fail again for so long is over: where nothing is due, no commit says so.</summary>
    private static readonly TimeSpan TroubleLasts = TimeSpan.FromSeconds(30);

    public static RouteGroupBuilder MapDoctor(this RouteGroupBuilder api)
    {
        api.MapGet("/doctor", Examine).WithName("examine_cluster").WithSummary("Clocks, journal, projections, stuck slots and settings of all nodes: what is wrong, and what to do")
            .Needs(Scopes.ClusterRead).Produces<DoctorView>().Refuses();
        return api;
    }

    /// <summary>What this node tells of itself.</summary>
    public static NodeVitals Measure(ChronosSettings settings, JournalProbe journal, JournalPulse pulse, ProjectionRunner projections, NodeCertificates certificates, TimeProvider time)
    {
        var took = journal.Ask(JournalPatience);
        return new NodeVitals(
            settings.NodeName, ClusterEndpoints.Version, time.GetUtcNow(), Schedule.TzdbVersion, took, new DriveInfo(settings.Data).AvailableFreeSpace,
            [.. projections.Health.Select(h => new ProjectionVitals(h.Name, h.LagSeconds, h.Error))],
            ImmutableSortedDictionary<string, string>.Empty
                .Add("cluster_profile", Word(settings.ClusterProfile))
                .Add("durability", Word(settings.Durability))
                .Add("allow_private_targets", settings.AllowPrivateTargets ? "true" : "false")
                .Add("cluster_arbiter", Word(settings.ClusterArbiter))
                .Add("cluster_forming", settings.ClusterSeeds.IsEmpty ? Word(settings.Discovery.Kind) : "seeds")
                .Add("https", settings.HttpUrl.Scheme == Uri.UriSchemeHttps ? "true" : "false"))
        {
            JournalError = pulse.Trouble is { } trouble && time.GetUtcNow() - trouble.At < TroubleLasts ? trouble.Reason : null,
            Certificates = certificates.Ends(),
            Seeds = settings.ClusterSeeds,
        };
    }

    private static async Task<IResult> Examine(ActorSystem system, IRequiredActor<TickLeaderKey> leader, TimeProvider time, CancellationToken cancellation)
    {
        var leading = Leading(leader, time, cancellation);
        var cluster = Akka.Cluster.Cluster.Get(system);
        var nodes = await Task.WhenAll(cluster.State.Members.Select(m => Ask(system, m.Address, !cluster.State.Unreachable.Contains(m), time, cancellation)));
        var findings = Doctor.Diagnose(nodes, await leading, time.GetUtcNow());
        return Results.Json(new DoctorView(findings.Max(f => f.Level), time.GetUtcNow(), findings), ApiJson.Api.DoctorView);
    }

    private static async Task<Leadership?> Leading(IRequiredActor<TickLeaderKey> leader, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            var view = await (await leader.GetAsync(cancellation)).Ask<TimetablePlanning.LeaderView>(new TimetablePlanning.GetLeader(), Patience, cancellation);
            var now = time.GetUtcNow();
            return new Leadership(view.Node, view.Epoch, view.Since, [.. view.Timetables.Where(t => t.DueAt < now).Select(t => (t.Timetable, t.Node, t.DueAt!.Value))],
                [.. Enumerable.Range(0, TimetableNumbers.Count).Except(view.Timetables.Select(t => t.Timetable))]);
        }
        catch (AskTimeoutException)
        {
            return null;
        }
    }

    private static async Task<Examined> Ask(ActorSystem system, Address address, bool reachable, TimeProvider time, CancellationToken cancellation)
    {
        var (at, began) = (time.GetUtcNow(), time.GetTimestamp());
        try
        {
            var vitals = await system.ActorSelection($"{address}{VitalsActor.Place}").Ask<NodeVitals>(new GetVitals(), Patience, cancellation);
            return new Examined(address.ToString(), reachable, vitals, at, time.GetElapsedTime(began));
        }
        catch (AskTimeoutException)
        {
            return new Examined(address.ToString(), reachable, null, at, time.GetElapsedTime(began));
        }
    }

    private static string Word<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
