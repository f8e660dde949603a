using System.Collections.Immutable;
using System.Globalization;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Core.Kernel;
using Chronos.Tzdb;
using Serilog.Events;

namespace Chronos.Host.Hosting;

/// <summary>One key of the configuration: its name without the prefix <c>CHRONOS_</c>, and what its text does to the settings.</summary>
/// <param name="Read">Returns the changed settings, or null with the reason when the text is wrong.</param>
internal sealed record SettingKey(string Name, SettingKey.Reader Read)
{
    public delegate ChronosSettings? Reader(ChronosSettings settings, string text, out string wrong);

    /// <summary>Every key there is (api: configuration keys).</summary>
    public static readonly ImmutableArray<SettingKey> All =
    [
        new("HTTP_URL", (ChronosSettings s, string text, out string wrong) => HttpUrl(text, out wrong) is { } url ? s with { HttpUrl = url } : null),
        new("PUBLIC_URL", PublicUrl),
        new("TLS_CERTIFICATE", PathOf((s, path) => s with { Tls = s.Tls with { Certificate = path } })),
        new("TLS_KEY", PathOf((s, path) => s with { Tls = s.Tls with { Key = path } })),
        new("TLS_CA", PathOf((s, path) => s with { Tls = s.Tls with { Authority = path } })),
        new("DATA", Text((s, text) => s with { Data = Path.GetFullPath(text) })),
        new("STORE", Word(("sqlite", s => s with { Store = StoreKind.Sqlite }), ("postgres", s => s with { Store = StoreKind.Postgres }))),
        new("POSTGRES", (ChronosSettings s, string text, out string wrong) => Postgres(s, text, out wrong)),
        new("POSTGRES_FILE", FromFile(Postgres)),
        new("DURABILITY", Word(("full", s => s with { Durability = Durability.Full }), ("relaxed", s => s with { Durability = Durability.Relaxed }))),
        new("TZDB", (ChronosSettings s, string text, out string wrong) => TzdbFolder.Open(text, out wrong) is { } zones ? s with { Zones = zones } : null),
        new("NODE_NAME", Text((s, text) => s with { NodeName = text })),
        new("CLUSTER_HOST", ClusterHost),
        new("CLUSTER_PORT", Port((s, port) => s with { ClusterPort = port })),
        new("CLUSTER_SEEDS", Seeds),
        new("CLUSTER_DISCOVERY", Word(
            ("config", s => s with { Discovery = s.Discovery with { Kind = ClusterDiscovery.Config } }),
            ("dns", s => s with { Discovery = s.Discovery with { Kind = ClusterDiscovery.Dns } }),
            ("kubernetes", s => s with { Discovery = s.Discovery with { Kind = ClusterDiscovery.Kubernetes } }))),
        new("CLUSTER_CONTACTS", (ChronosSettings s, string text, out string wrong) =>
            HostPorts(text, out wrong) is { } contacts ? s with { Discovery = s.Discovery with { Contacts = contacts } } : null),
        new("CLUSTER_CONTACT_PORT", Port((s, port) => s with { Discovery = s.Discovery with { Port = port } })),
        new("CLUSTER_CONTACTS_REQUIRED", Nodes),
        new("CLUSTER_SERVICE", (ChronosSettings s, string text, out string wrong) =>
        {
            wrong = $"'{text}' is no name of a service";
            return Uri.CheckHostName(text) == UriHostNameType.Dns ? s with { Discovery = s.Discovery with { Service = text } } : null;
        }),
        new("CLUSTER_KUBERNETES_SELECTOR", Text((s, text) => s with { Discovery = s.Discovery with { Selector = text } })),
        new("CLUSTER_KUBERNETES_NAMESPACE", Text((s, text) => s with { Discovery = s.Discovery with { Namespace = text } })),
        new("CLUSTER_ROLES", Roles),
        new("CLUSTER_PROFILE", Word(("lan", s => s with { ClusterProfile = ClusterProfile.Lan }), ("wide", s => s with { ClusterProfile = ClusterProfile.Wide }))),
        new("CLUSTER_ARBITER", Word(("majority", s => s with { ClusterArbiter = ClusterArbiter.Majority }), ("lease", s => s with { ClusterArbiter = ClusterArbiter.Lease }))),
        new("CLUSTER_TLS_CERTIFICATE", PathOf((s, path) => s with { ClusterTls = s.ClusterTls with { Certificate = path } })),
        new("CLUSTER_TLS_KEY", PathOf((s, path) => s with { ClusterTls = s.ClusterTls with { Key = path } })),
        new("CLUSTER_TLS_CA", PathOf((s, path) => s with { ClusterTls = s.ClusterTls with { Authority = path } })),
        new("STOP_DELAY", StopDelay),
        new("ADMIN_KEY", (ChronosSettings s, string text, out string wrong) => AdminKey(s, text, out wrong)),
        new("ADMIN_KEY_FILE", FromFile(AdminKey)),
        new("RETENTION_AGE", Age((s, age) => s with { Retention = s.Retention with { Age = age } })),
        new("RETENTION_EXECUTIONS", Count((s, count) => s with { Retention = s.Retention with { Executions = count } })),
        new("RETENTION_BATCHES", Count((s, count) => s with { Retention = s.Retention with { Batches = count } })),
        new("DEAD_LETTER_AGE", Age((s, age) => s with { DeadLetterAge = age })),
        new("LOG_LEVEL", Word(
            ("verbose", s => s with { LogLevel = LogEventLevel.Verbose }), ("debug", s => s with { LogLevel = LogEventLevel.Debug }),
            ("information", s => s with { LogLevel = LogEventLevel.Information }), ("info", s => s with { LogLevel = LogEventLevel.Information }),
            ("warning", s => s with { LogLevel = LogEventLevel.Warning }), ("error", s => s with { LogLevel = LogEventLevel.Error }))),
        new("LOG_FILE", Text((s, text) => s with { LogFile = Path.GetFullPath(text) })),
        new("OTLP_ENDPOINT", Otlp),
        new("ALLOW_PRIVATE_TARGETS", Word(("true", s => s with { AllowPrivateTargets = true }), ("false", s => s with { AllowPrivateTargets = false }))),
    ];

    public static SettingKey? Find(string name) => All.FirstOrDefault(k => k.Name == name);

    /// <summary>Listening addresses: http or https, any host, any port.</summary>
    public static Uri? HttpUrl(string text, out string wrong)
    {
        wrong = $"'{text}' is no address such as http://127.0.0.1:8080";
        var shaped = text.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal);
        return Uri.TryCreate(shaped, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", PathAndQuery: "/" } ? url : null;
    }

    private static Reader Text(Func<ChronosSettings, string, ChronosSettings> apply) => (ChronosSettings s, string text, out string wrong) =>
    {
        wrong = "must not be empty";
        return string.IsNullOrWhiteSpace(text) ? null : apply(s, text);
    };

    /// <summary>A file that is there; what must be in it is looked at when everything is read.</summary>
    private static Reader PathOf(Func<ChronosSettings, string, ChronosSettings> apply) => (ChronosSettings s, string text, out string wrong) =>
    {
        wrong = $"there is no file '{text}'";
        return File.Exists(text) ? apply(s, Path.GetFullPath(text)) : null;
    };

    private static Reader Word(params (string Word, Func<ChronosSettings, ChronosSettings> Apply)[] words) => (ChronosSettings s, string text, out string wrong) =>
    {
        wrong = $"'{text}' is not one of {string.Join(", ", words.Select(w => w.Word))}";
        return words.FirstOrDefault(w => string.Equals(w.Word, text, StringComparison.OrdinalIgnoreCase)).Apply?.Invoke(s);
    };

    private static Reader Port(Func<ChronosSettings, int, ChronosSettings> apply) => (ChronosSettings s, string text, out string wrong) =>
    {
        wrong = $"'{text}' is no port from 0 to 65535";
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535 ? apply(s, port) : null;
    };

    private static ChronosSettings? Seeds(ChronosSettings settings, string text, out string wrong) =>
        HostPorts(text, out wrong) is { } seeds ? settings with { ClusterSeeds = seeds } : null;

    private static ImmutableArray<string>? HostPorts(string text, out string wrong)
    {
        var all = Split(text);
        var bad = all.FirstOrDefault(s => s.LastIndexOf(':') is var colon && (colon <= 0 || !IsHost(s[..colon]) || !ushort.TryParse(s[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0));
        wrong = bad is null ? "must be a list of host:port" : $"'{bad}' is no host:port";
        return all.IsEmpty || bad is not null ? null : all;
    }

    private static ChronosSettings? Nodes(ChronosSettings settings, string text, out string wrong)
    {
        wrong = $"'{text}' is no number of nodes from 1 to 1000";
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var nodes) && nodes is >= 1 and <= 1000
            ? settings with { Discovery = settings.Discovery with { Required = nodes } }
            : null;
    }

    private static ChronosSettings? ClusterHost(ChronosSettings settings, string text, out string wrong)
    {
        wrong = $"'{text}' is no host name or address under which the other nodes reach this one";
        return IsHost(text) && text is not "0.0.0.0" ? settings with { ClusterHost = text } : null;
    }

    private static bool IsHost(string text) => Uri.CheckHostName(text) is UriHostNameType.Dns or UriHostNameType.IPv4;

    private static ChronosSettings? Roles(ChronosSettings settings, string text, out string wrong)
    {
        var roles = Split(text);
        var unknown = roles.FirstOrDefault(r => !NodeRoles.All.Contains(r));
        wrong = unknown is not null ? $"'{unknown}' is not one of {string.Join(", ", NodeRoles.All)}"
            : roles.IsEmpty ? $"must be a list of {string.Join(", ", NodeRoles.All)}"
            : "scheduler and dispatch go together: what a timetable claims is sent from its own node";
        return unknown is null && !roles.IsEmpty && roles.Contains(NodeRoles.Scheduler) == roles.Contains(NodeRoles.Dispatch)
            ? settings with { ClusterRoles = [.. roles.Distinct()] }
            : null;
    }

    private static ChronosSettings? AdminKey(ChronosSettings settings, string text, out string wrong)
    {
        wrong = "must be 24 to 200 printable characters without spaces";
        return text.Length is >= 24 and <= 200 && text.All(c => c is > ' ' and < '\u007f') ? settings with { AdminKey = text } : null;
    }

    /// <summary>What is wrong is said without repeating any of it: it holds a password.</summary>
    private static ChronosSettings? Postgres(ChronosSettings settings, string text, out string wrong) =>
        PostgresAddress.TryParse(text, out var address, out wrong) ? settings with { Postgres = address } : null;

    /// <summary>The text is the name of a file that holds the real one: a secret in a file is not seen in the list of processes.</summary>
    private static Reader FromFile(Reader read) => (ChronosSettings settings, string text, out string wrong) =>
    {
        try
        {
            return read(settings, File.ReadAllText(text).Trim(), out wrong);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            wrong = e.Message;
            return null;
        }
    };

    private static Reader Age(Func<ChronosSettings, TimeSpan, ChronosSettings> apply) => (ChronosSettings s, string text, out string wrong) =>
    {
        wrong = $"'{text}' is no duration of at least 1h, such as 720h or P30D";
        return Durations.TryParse(text, out var age) && age >= TimeSpan.FromHours(1) ? apply(s, age) : null;
    };

    private static Reader Count(Func<ChronosSettings, long, ChronosSettings> apply) => (ChronosSettings s, string text, out string wrong) =>
    {
        wrong = $"'{text}' is no whole number of at least 1000";
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1_000 ? apply(s, count) : null;
    };

    /// <summary>Well below the 30 s that a stop may take in all.</summary>
    private static ChronosSettings? StopDelay(ChronosSettings settings, string text, out string wrong)
    {
        wrong = $"'{text}' is no duration from 0s to 15s";
        return Durations.TryParse(text, out var delay) && delay >= TimeSpan.Zero && delay <= TimeSpan.FromSeconds(15) ? settings with { StopDelay = delay } : null;
    }

    private static ChronosSettings? PublicUrl(ChronosSettings settings, string text, out string wrong)
    {
        wrong = $"'{text}' is no http or https address without a query, such as https://chronos.example.com";
        return Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && url is { Query: "", Fragment: "", UserInfo: "" }
            ? settings with { PublicUrl = url }
            : null;
    }

    private static ChronosSettings? Otlp(ChronosSettings settings, string text, out string wrong)
    {
        wrong = $"'{text}' is no http or https address";
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? settings with { OtlpEndpoint = url } : null;
    }

    private static ImmutableArray<string> Split(string text) => [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
}
