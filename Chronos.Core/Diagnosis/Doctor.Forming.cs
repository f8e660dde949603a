namespace Chronos.Core.Diagnosis;

/// <summary>How nodes find and trust each other.</summary>
public static partial class Doctor
{
    /// <summary>A certificate that ends sooner should have been renewed.</summary>
    public static readonly TimeSpan CertificateWarning = TimeSpan.FromDays(14);

    /// <summary>So little time is left that somebody must act today.</summary>
    public static readonly TimeSpan CertificateFault = TimeSpan.FromDays(1);

    private static IEnumerable<Finding> Certificates(NodeVitals node, DateTimeOffset now)
    {
        foreach (var certificate in node.Certificates ?? [])
        {
            var left = certificate.EndsAt - now;
            var what = certificate.Use == "cluster" ? "its certificate among the nodes" : "the certificate of its API";
            var advice = certificate.Use == "cluster"
                ? "put a new one where it lies, it is read without a restart: connections that stand go on, but a node whose certificate has ended cannot connect again"
                : "put a new one where it lies, it is read without a restart";
            yield return left < CertificateWarning
                ? new Finding("certificate", left < CertificateFault ? FindingLevel.Fault : FindingLevel.Warning, node.Node, left <= TimeSpan.Zero ? $"{what} has ended" : $"{what} ends in {Text(left.TotalHours)} h", advice)
                : new Finding("certificate", FindingLevel.Ok, node.Node, $"{what} ends in {Text(Math.Floor(left.TotalDays))} days", null);
        }
    }

    /// <summary>
    /// A node that is configured and is no member. Those that are in the clear where the others use TLS, or the other way round, never become
    /// members, so nothing else would show them.
    /// </summary>
    private static IEnumerable<Finding> Absent(IReadOnlyCollection<Examined> nodes)
    {
        var members = nodes.Select(n => n.Address[(n.Address.LastIndexOf('@') + 1)..]).ToHashSet(StringComparer.Ordinal);
        var absent = nodes.Select(n => n.Vitals).OfType<NodeVitals>().SelectMany(n => n.Seeds ?? []).Distinct(StringComparer.Ordinal).Where(s => !members.Contains(s)).Order(StringComparer.Ordinal);
        return absent.Select(seed => new Finding(
            "seeds", FindingLevel.Warning, seed, "is a seed (CHRONOS_CLUSTER_SEEDS) and no member",
            "if it runs, its log says why: TLS on one side only (CHRONOS_CLUSTER_TLS_CERTIFICATE), another authority, a certificate that has ended, or another name of its own; if there is no such node, take it out of the seeds"));
    }
}
