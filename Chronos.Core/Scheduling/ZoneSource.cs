using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;
using Chronos.Core.Scheduling.Zones;
using NodaTime;
using NodaTime.TimeZones;

namespace Chronos.Core.Scheduling;

/// <summary>One release of the tz database: the one that the build carries, or the compiled zone files of an operator's choice.</summary>
/// <remarks>A process computes with one: <see cref="Use"/> is called before anything is computed, or never.</remarks>
public sealed partial class ZoneSource
{
    /// <summary>What is wrong with a folder that has no zone of every tz database.</summary>
    public const string NoFiles = "holds no compiled zone files: there is no UTC, nor Etc/UTC";

    private readonly ConcurrentDictionary<string, ZoneRules> _known = new(StringComparer.Ordinal);
    private readonly Func<string, DateTimeZone?> _find;

    internal ZoneSource(IDateTimeZoneProvider provider, string version)
        : this(id => provider.Ids.Contains(id) ? provider[id] : null, provider.Ids, version)
    {
    }

    private ZoneSource(Func<string, DateTimeZone?> find, IReadOnlyCollection<string> ids, string version) => (_find, Ids, Version) = (find, ids, version);

    /// <summary>What NodaTime carries: the same on every node of one build, whatever its image has.</summary>
    public static ZoneSource Shipped { get; } = new(DateTimeZoneProviders.Tzdb, TzdbDateTimeZoneSource.Default.TzdbVersion);

    /// <summary>What this process computes with.</summary>
    public static ZoneSource Default { get; private set; } = Shipped;

    /// <summary>Such as <c>2026f</c>; of files that do not tell it, a hash of all of them.</summary>
    public string Version { get; }

    /// <summary>The names that it has, for suggestions.</summary>
    internal IReadOnlyCollection<string> Ids { get; }

    /// <summary>Makes it what the process computes with. For the composition root, before the first schedule is compiled.</summary>
    public static void Use(ZoneSource source) => Default = source;

    /// <summary>The compiled zone files of a folder such as the system's <c>zoneinfo</c>, all of them read already: an update of the folder must not reach a running process by halves.</summary>
    /// <param name="files">By name relative to the folder, with <c>/</c>. What is no zone file is left aside.</param>
    /// <exception cref="FormatException">There is no zone file, or one is damaged.</exception>
    public static ZoneSource FromFiles(IReadOnlyDictionary<string, byte[]> files)
    {
        var zones = files.Where(file => ZoneName().IsMatch(file.Key) && TzifFile.IsOne(file.Value)).ToFrozenDictionary(StringComparer.Ordinal);
        if (!zones.ContainsKey("UTC") && !zones.ContainsKey("Etc/UTC"))
            throw new FormatException(NoFiles);

        foreach (var (name, content) in zones)
        {
            try
            {
                TzifFile.Read(content);
            }
            catch (FormatException e)
            {
                throw new FormatException($"{name}: {e.Message}", e);
            }
        }

        return new ZoneSource(id => zones.TryGetValue(id, out var content) ? TzifZone.Of(id, TzifFile.Read(content)) : null, zones.Keys, VersionOf(files, zones));
    }

    /// <summary>Null for a name that tzdb does not have. Fixed offsets (<c>UTC+2</c>) are no zones: they hide daylight saving.</summary>
    internal ZoneRules? Find(string id)
    {
        if (_known.TryGetValue(id, out var known))
            return known;

        return _find(id) is { } zone ? _known.GetOrAdd(id, new ZoneRules(zone)) : null;
    }

    /// <summary>The zone itself, for what computes without the engine (an oracle, an import).</summary>
    internal DateTimeZone? Zone(string id) => _find(id);

    /// <summary><c>tzdata.zi</c> begins with <c># version 2025b</c>; some systems have a file <c>+VERSION</c> instead.</summary>
    private static string VersionOf(IReadOnlyDictionary<string, byte[]> files, IReadOnlyDictionary<string, byte[]> zones)
    {
        if (files.TryGetValue("tzdata.zi", out var source) && VersionLine().Match(Encoding.ASCII.GetString(source.AsSpan(0, Math.Min(100, source.Length)))) is { Success: true } line)
            return line.Groups[1].Value;
        if (files.TryGetValue("+VERSION", out var version) && Encoding.ASCII.GetString(version).Trim() is { Length: > 0 and <= 40 } text)
            return text;

        var hash = new XxHash3();
        foreach (var (name, content) in zones.OrderBy(zone => zone.Key, StringComparer.Ordinal))
        {
            hash.Append(Encoding.ASCII.GetBytes(name));
            hash.Append(content);
        }

        return $"files-{hash.GetCurrentHashAsUInt64():x16}";
    }

    /// <summary>Not the second copies under <c>posix</c> and <c>right</c> (which counts leap seconds), and not what is local to a machine.</summary>
    [GeneratedRegex("^(?!posix/|right/|posixrules$|localtime$)[A-Za-z][A-Za-z0-9_+/-]*$")]
    private static partial Regex ZoneName();

    [GeneratedRegex(@"^# version (\S+)")]
    private static partial Regex VersionLine();
}
