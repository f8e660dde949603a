using System.Globalization;

namespace Chronos.Actors.Projections;

/// <summary>
/// A small file beside a database that says: closed in order, at this length and time of last change. A start that finds it true
/// may trust the database; anything else (a crash, a copy, somebody who wrote into it) makes it look first.
/// </summary>
internal static class CloseMarker
{
    public static void Write(string database)
    {
        if (Describe(database) is { } state)
        {
            File.WriteAllText(PathOf(database), state);
        }
    }

    public static bool Matches(string database) =>
        File.Exists(PathOf(database)) && Describe(database) is { } state && File.ReadAllText(PathOf(database)) == state && !File.Exists(database + "-wal");

    public static void Remove(string database) => File.Delete(PathOf(database));

    private static string PathOf(string database) => database + ".closed";

    private static string? Describe(string database)
    {
        var file = new FileInfo(database);
        return file.Exists ? string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks}") : null;
    }
}
