using Akka.Cluster;

namespace Chronos.Actors.Kernel;

/// <summary>The members beside this one on which shards may live.</summary>
internal static class OtherHosts
{
    /// <summary>Whether there is one, or will be in a moment. Who leaves takes no shards any more.</summary>
    public static bool Any(Cluster cluster) => cluster.State.Members.Any(m =>
        m.Status is MemberStatus.Up or MemberStatus.Joining or MemberStatus.WeaklyUp && m.HasRole(NodeRoles.Scheduler) && m.UniqueAddress != cluster.SelfUniqueAddress);
}
