using Chronos.Core.Scheduling;

namespace Chronos.Tests.Core.Scheduling.Zones;

/// <summary>The compiled zone files of the machine, where it has them.</summary>
internal static class SystemZones
{
    public const string Folder = "/usr/share/zoneinfo";

    private static readonly Lazy<ZoneSource?> Read = new(() => File.Exists(Path.Combine(Folder, "UTC")) ? ZoneSource.FromFiles(Files()) : null);

    public static ZoneSource? Source => Read.Value;

    /// <summary>Every file by its name, the second copies under <c>posix</c> and <c>right</c> too.</summary>
    public static Dictionary<string, byte[]> Files() => Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
        .Where(File.Exists).ToDictionary(file => Path.GetRelativePath(Folder, file), File.ReadAllBytes);
}
