using System.Collections.Immutable;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Actors.Kernel.Tls;
using Chronos.Core.Scheduling;
using Serilog.Events;

namespace Chronos.Host.Hosting;

/// <summary>How the process was started.</summary>
public enum HostMode
{
    /// <summary>One node on loopback with a demo job, a made key and an echo target.</summary>
    Dev,

    /// <summary>A node from configuration.</summary>
    Serve,
}

/// <summary>Where the journal and the snapshots are.</summary>
public enum StoreKind
{
    /// <summary>A file in the data folder: one node alone.</summary>
    Sqlite,

    /// <summary>A PostgreSQL database, which the nodes of a cluster share.</summary>
    Postgres,
}

/// <summary>What goes, in the background: what is older than the age, and what is beyond the newest so many.</summary>
/// <param name="Executions">Executions that the ledger lists.</param>
/// <param name="Batches">Batches of each timetable in the journal, beyond its last snapshot and what every projection has passed.</param>
public sealed record Retention(TimeSpan Age, long Executions, long Batches)
{
    public Retention()
        : this(TimeSpan.FromDays(30), 5_000_000, 2_000_000)
    {
    }
}

/// <summary>The files of a certificate as they were configured.</summary>
public sealed record TlsPaths
{
    public string? Certificate { get; init; }

    public string? Key { get; init; }

    /// <summary>Authorities that others are checked against.</summary>
    public string? Authority { get; init; }

    /// <summary>Certificate and key, where there are both.</summary>
    public CertificatePaths? Paths => Certificate is null || Key is null ? null : new CertificatePaths(Certificate, Key, Authority);

    /// <summary>Whether anything was configured.</summary>
    public bool IsEmpty => Certificate is null && Key is null && Authority is null;
}

/// <summary>Where a node looks for the others.</summary>
public enum ClusterDiscovery
{
    /// <summary>Nowhere: it has seeds, or is alone.</summary>
    None,

    /// <summary>At the configured contact points.</summary>
    Config,

    /// <summary>At the addresses of a name.</summary>
    Dns,

    /// <summary>At the pods with a label.</summary>
    Kubernetes,
}

/// <summary>How the other nodes are found.</summary>
public sealed record DiscoverySettings
{
    public ClusterDiscovery Kind { get; init; }

    /// <summary><c>host:port</c> of the HTTP side of every node.</summary>
    public ImmutableArray<string> Contacts { get; init; } = [];

    /// <summary>The name whose addresses are those of the nodes.</summary>
    public string? Service { get; init; }

    /// <summary>The HTTP port of the nodes; absent: that of this one.</summary>
    public int? Port { get; init; }

    /// <summary>How many nodes must be there before one of them founds the cluster.</summary>
    public int? Required { get; init; }

    /// <summary>Label selector of the pods.</summary>
    public string? Selector { get; init; }

    /// <summary>Absent: that of this pod.</summary>
    public string? Namespace { get; init; }
}

/// <summary>Everything that can be configured, in one type. Made by <see cref="ChronosSettingsReader"/> alone; the keys are documented there.</summary>
public sealed record ChronosSettings
{
    public HostMode Mode { get; init; } = HostMode.Serve;

    /// <summary>Where the node listens; port 0 lets the system choose.</summary>
    public Uri HttpUrl { get; init; } = new("http://127.0.0.1:8080");

    /// <summary>Under which address targets reach the API of any node, for callbacks; absent: the one it listens on. Ends in a slash.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>PEM files of the API's certificate, where it listens with https.</summary>
    public TlsPaths Tls { get; init; } = new();

    /// <summary>PEM files of the node's certificate among the others; none: they talk in the clear.</summary>
    public TlsPaths ClusterTls { get; init; } = new();

    /// <summary>Folder of all files of the node, absolute.</summary>
    public string Data { get; init; } = Path.GetFullPath("data");

    public StoreKind Store { get; init; } = StoreKind.Sqlite;

    /// <summary>The database of the journal where the store is PostgreSQL.</summary>
    public PostgresAddress? Postgres { get; init; }

    public Durability Durability { get; init; } = Durability.Full;

    /// <summary>The tz database that schedules and calendars are computed with.</summary>
    public ZoneSource Zones { get; init; } = ZoneSource.Shipped;

    public string NodeName { get; init; } = Environment.MachineName.ToLowerInvariant();

    /// <summary>Name or address under which the other nodes reach this one.</summary>
    public string ClusterHost { get; init; } = "127.0.0.1";

    /// <summary>0 lets the system choose.</summary>
    public int ClusterPort { get; init; }

    public ImmutableArray<string> ClusterSeeds { get; init; } = [];

    /// <summary>How the other nodes are found where there are no seeds.</summary>
    public DiscoverySettings Discovery { get; init; } = new();

    /// <summary>Whether the node is one of several.</summary>
    public bool IsClustered => !ClusterSeeds.IsEmpty || Discovery.Kind != ClusterDiscovery.None;

    /// <summary>What the node is for; by default everything.</summary>
    public ImmutableArray<string> ClusterRoles { get; init; } = NodeRoles.All;

    public ClusterProfile ClusterProfile { get; init; } = ClusterProfile.Lan;

    /// <summary>Who decides after a split; a lease needs the journal in PostgreSQL.</summary>
    public ClusterArbiter ClusterArbiter { get; init; } = ClusterArbiter.Majority;

    /// <summary>How long a node that is told to stop goes on serving while it is not ready any more. A node alone has nobody to send requests to.</summary>
    public TimeSpan StopDelay
    {
        get => field >= TimeSpan.Zero ? field : ClusterSeeds.IsEmpty ? TimeSpan.Zero : TimeSpan.FromSeconds(2);
        init;
    } = Timeout.InfiniteTimeSpan;

    /// <summary>The first administrator's key, of at least 24 characters; stored hashed.</summary>
    public string? AdminKey { get; init; }

    /// <summary>How much of the past the ledger and the journal keep.</summary>
    public Retention Retention { get; init; } = new();

    /// <summary>How long dead letters stay open.</summary>
    public TimeSpan DeadLetterAge { get; init; } = TimeSpan.FromDays(14);

    public LogEventLevel LogLevel { get; init; } = LogEventLevel.Information;

    public string? LogFile { get; init; }

    public Uri? OtlpEndpoint { get; init; }

    /// <summary>Whether jobs may reach private addresses; link-local and metadata addresses are refused in any case.</summary>
    public bool AllowPrivateTargets { get; init; }

    /// <summary>Whether dev mode makes its demo job.</summary>
    public bool Demo { get; init; } = true;

    /// <summary>True when only this machine can reach the node.</summary>
    public bool ListensOnLoopback => HttpUrl.IsLoopback;
}
