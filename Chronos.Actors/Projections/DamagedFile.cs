using System.Globalization;

namespace Chronos.Actors.Projections;

/// <summary>Moves damaged databases out of the way. The last one is kept for whoever wants to look into it.</summary>
internal static class DamagedFile
{
    private static readonly string[] Companions = ["-wal", "-shm", "-journal"];

    /// <summary>Where LiteDB keeps what it has not moved into the file yet.</summary>
    public static string LiteDbLogOf(string path) =>
        Path.Combine(Path.GetDirectoryName(path)!, $"{Path.GetFileNameWithoutExtension(path)}-log{Path.GetExtension(path)}");

    /// <summary>Where the file went; null when there was none.</summary>
    public static string? MoveAside(string path, DateTimeOffset now)
    {
        var folder = Path.GetDirectoryName(path)!;
        foreach (var old in Directory.EnumerateFiles(folder, Path.GetFileName(path) + ".damaged-*"))
        {
            File.Delete(old);
        }

        // A log belongs to its database alone: left behind, the next one of this name would replay it.
        foreach (var companion in Companions)
        {
            File.Delete(path + companion);
        }

        File.Delete(LiteDbLogOf(path));

        var aside = string.Create(CultureInfo.InvariantCulture, $"{path}.damaged-{now:yyyyMMdd'T'HHmmss'Z'}");
        if (Directory.Exists(path))
        {
            Directory.Move(path, aside);
            return aside;
        }

        if (!File.Exists(path))
        {
            return null;
        }

        File.Move(path, aside, overwrite: true);
        return aside;
    }
}
