using System.Collections.Immutable;
using System.Globalization;
using Akka.Cluster;

namespace Chronos.Host.Cluster;

/// <summary>The members of the cluster as Akka.Management shows them.</summary>
internal static class ManagedMembers
{
    public static MemberListView Of(Akka.Cluster.Cluster cluster, ImmutableArray<MemberView> items)
    {
        var state = cluster.State;
        var up = state.Members.Where(m => m.Status == MemberStatus.Up).ToList();

        // Compared one by one: "older than" is an order of members, not a number.
        var byAge = up.Count == 0 ? [] : up.Order(Comparer<Member>.Create((a, b) => a.Equals(b) ? 0 : a.IsOlderThan(b) ? -1 : 1)).ToList();
        return new MemberListView(
            items, cluster.SelfAddress.ToString(), state.Leader?.ToString(), byAge.FirstOrDefault()?.Address.ToString(),
            byAge.SelectMany(m => m.Roles).Distinct(StringComparer.Ordinal)
                .ToImmutableSortedDictionary(role => role, role => byAge.First(m => m.HasRole(role)).Address.ToString(), StringComparer.Ordinal),
            [.. state.Members.Select(m => new ManagedMemberView(
                m.Address.ToString(), m.UniqueAddress.Uid.ToString(CultureInfo.InvariantCulture), m.Status.ToString(), [.. m.Roles.Order(StringComparer.Ordinal)]))],
            [.. state.Unreachable.Select(m => new UnreachableView(m.Address.ToString(), [cluster.SelfAddress.ToString()]))]);
    }
}
