using System.Globalization;

namespace Chronos.Actors.Projections;

/// <summary>Moves damaged databases out of the way. The last one is kept for whoever wants to look into it.</summary>
internal static class DamagedFile
{
    private static readonly string[] Companions = ["-wal", "-shm", "-journal", "-log"];

    /// <summary>Where the file went; null when there was none.</summary>
    public static string? MoveAside(string path, DateTimeOffset now)
    {
        var folder = Path.GetDirectoryName(path)!;
        foreach (var old in Directory.EnumerateFiles(folder, Path.GetFileName(path) + ".damaged-*"))
        {
            File.Delete(old);
        }

        foreach (var companion in Companions)
        {
            // A log belongs to its database alone: left behind, the next one of this name would replay it.
            File.Delete(path + companion);
        }

        if (!File.Exists(path))
        {
            return null;
        }

        var aside = string.Create(CultureInfo.InvariantCulture, $"{path}.damaged-{now:yyyyMMdd'T'HHmmss'Z'}");
        File.Move(path, aside, overwrite: true);
        return aside;
    }
}
