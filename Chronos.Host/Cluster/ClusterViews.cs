using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Chronos.Actors.Projections;

namespace Chronos.Host.Cluster;

/// <summary>Who leads, and who belongs to the cluster.</summary>
internal sealed record ClusterView(
    string Node, string? Leader, long? Epoch, DateTimeOffset? LeaderSince, DateTimeOffset? NextDueAt, int Timetables, ImmutableArray<MemberView> Members);

/// <summary>One node.</summary>
internal sealed record MemberView(string Address, string Status, ImmutableArray<string> Roles, bool Reachable, bool Self);

/// <summary>The nodes: as everything else here is listed, and beside it in the words of Akka.Management.</summary>
internal sealed record MemberListView(
    ImmutableArray<MemberView> Items,
    [property: JsonPropertyName("selfNode")] string SelfNode,
    [property: JsonPropertyName("leader")] string? Leader,
    [property: JsonPropertyName("oldest")] string? Oldest,
    [property: JsonPropertyName("oldestPerRole")] ImmutableSortedDictionary<string, string> OldestPerRole,
    [property: JsonPropertyName("members")] ImmutableArray<ManagedMemberView> Members,
    [property: JsonPropertyName("unreachable")] ImmutableArray<UnreachableView> Unreachable);

/// <summary>A member in the words of Akka.Management.</summary>
internal sealed record ManagedMemberView(
    [property: JsonPropertyName("node")] string Node, [property: JsonPropertyName("nodeUid")] string NodeUid, [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("roles")] ImmutableArray<string> Roles);

/// <summary>A member that is not reachable, in the words of Akka.Management.</summary>
internal sealed record UnreachableView([property: JsonPropertyName("node")] string Node, [property: JsonPropertyName("observedBy")] ImmutableArray<string> ObservedBy);

/// <summary>A timetable as the leader knows it.</summary>
internal sealed record TimetableView(int Timetable, string Node, DateTimeOffset? DueAt, int Jobs, int InFlight, int Waiting);

/// <summary>The timetables that have something planned.</summary>
internal sealed record TimetableListView(ImmutableArray<TimetableView> Items);

/// <summary>What the node has done.</summary>
/// <param name="Tzdb">Version of the tz database that schedules are computed with.</param>
internal sealed record StatsView(
    string Node, string Version, DateTimeOffset Since, JobCountsView Jobs, ImmutableSortedDictionary<string, long> Executions, long SlotsNotRun,
    ImmutableArray<ProjectionView> Projections, string Tzdb);

/// <summary>How many jobs there are in each state.</summary>
internal sealed record JobCountsView(long Total, long Active, long Paused, long Disabled);

/// <summary>Where a projection stands.</summary>
internal sealed record ProjectionView(string Name, ProjectionState State, double LagSeconds, long LagEntries, string? Error);

/// <summary>The read models of a node.</summary>
internal sealed record ProjectionListView(ImmutableArray<ProjectionView> Items);

/// <summary>Whether the node lives, or is ready to serve, and if not, why.</summary>
internal sealed record HealthView(string Status, ImmutableSortedDictionary<string, string>? Checks);

/// <summary>What the echo target of dev mode got.</summary>
internal sealed record EchoView(string Method, string Path, string? Query, ImmutableSortedDictionary<string, string> Headers, string Body);
