using Chronos.Core.Scheduling;

namespace Chronos.Tzdb;

/// <summary>Reads <c>CHRONOS_TZDB</c> and <c>--tzdb</c>: <c>shipped</c>, or a folder of compiled zone files such as <c>/usr/share/zoneinfo</c>.</summary>
/// <remarks>One file, compiled into the node and into the command line: both must read a folder in the same way, and Core reads none.</remarks>
internal static class TzdbFolder
{
    private const string Shipped = "shipped";

    /// <summary>Deeper than any zone name, and an end for a folder that links to itself.</summary>
    private const int MaxDepth = 4;

    private const long MaxFileLength = 1 << 20;

    /// <summary>Null when it cannot be used, with the reason.</summary>
    public static ZoneSource? Open(string setting, out string wrong)
    {
        wrong = "";
        if (setting == Shipped)
        {
            return ZoneSource.Shipped;
        }

        try
        {
            var folder = Path.GetFullPath(setting);
            if (!Directory.Exists(folder))
            {
                wrong = $"'{setting}' is not {Shipped}, and no folder of compiled zone files such as /usr/share/zoneinfo";
                return null;
            }

            // A folder that is none is told before all that lies in it is read.
            if (!File.Exists(Path.Combine(folder, "UTC")) && !File.Exists(Path.Combine(folder, "Etc", "UTC")))
            {
                wrong = $"'{setting}': {ZoneSource.NoFiles}";
                return null;
            }

            var options = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = MaxDepth, IgnoreInaccessible = false };
            return ZoneSource.FromFiles(Directory.EnumerateFiles(folder, "*", options)
                .Select(file => (File: file, Name: Path.GetRelativePath(folder, file).Replace('\\', '/')))
                .Where(file => !file.Name.StartsWith("right/", StringComparison.Ordinal) && !file.Name.StartsWith("posix/", StringComparison.Ordinal))
                // A link to nowhere is no zone (localtime often is one in a container), and what has no length may have no end.
                .Where(file => File.Exists(file.File) && new FileInfo(file.File).Length is > 0 and <= MaxFileLength)
                .ToDictionary(file => file.Name, file => File.ReadAllBytes(file.File), StringComparer.Ordinal));
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            wrong = $"'{setting}': {e.Message}";
            return null;
        }
    }
}
