using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SQLitePCL;

namespace Chronos.Actors.Projections;

/// <summary>Tells a broken file from a passing trouble.</summary>
internal static class SqliteDamage
{
    public const int CannotOpen = 14;
    private const int Error = 1;
    private const int Interrupted = 9;
    private const int Corrupt = 11;
    private const int NotADatabase = 26;
    private const int ShortRead = 522;

    private static ReadOnlySpan<byte> Mark => "SQLite format 3\0"u8;

    /// <summary>A whole check of a large file takes minutes, during which nothing would be listed.</summary>
    private static readonly TimeSpan CheckLimit = TimeSpan.FromSeconds(5);

    /// <summary>Damage of content or shape: only a new file helps.</summary>
    public static bool IsDamage(SqliteException e) =>
        e.SqliteErrorCode is Corrupt or NotADatabase
        || e.SqliteExtendedErrorCode == ShortRead
        || (e.SqliteErrorCode == Error && (e.Message.Contains("no such table", StringComparison.Ordinal)
            || e.Message.Contains("no such column", StringComparison.Ordinal) || e.Message.Contains("has no column", StringComparison.Ordinal)
            || e.Message.Contains("malformed", StringComparison.Ordinal)));

    /// <summary>Disk full, locked, no memory, I/O: nothing is wrong with the event or the file, it is tried again.</summary>
    public static bool IsPassing(SqliteException e) => e.SqliteErrorCode is 5 or 6 or 7 or 8 or Interrupted or 10 or 13 or CannotOpen or 15;

    /// <summary>
    /// Looks at the file itself. After a kill SQLite lays the pages of the log over those of the file: what was written over its beginning meanwhile would show nowhere.
    /// </summary>
    /// <exception cref="DamagedReadModelException">It is no database.</exception>
    public static void CheckBeginning(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> mark = stackalloc byte[Mark.Length];
        var length = file.ReadAtLeast(mark, mark.Length, throwOnEndOfStream: false);
        if (!mark[..length].SequenceEqual(Mark))
        {
            throw new DamagedReadModelException(length == 0 ? "it is empty" : "it does not begin as a database");
        }
    }

    /// <summary>Looks for structural damage, for at most <see cref="CheckLimit"/>; what a check did not reach is found when it is read.</summary>
    /// <exception cref="SqliteException">The file is damaged.</exception>
    public static void Check(SqliteConnection connection, string path, ILogger log)
    {
        using var limit = new Timer(static state => raw.sqlite3_interrupt(((SqliteConnection)state!).Handle), connection, CheckLimit, Timeout.InfiniteTimeSpan);
        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA quick_check(1)";
            var answer = command.ExecuteScalar() as string;
            if (answer != "ok")
            {
                throw new SqliteException($"malformed: {answer}", Corrupt);
            }
        }
        catch (SqliteException e) when (e.SqliteErrorCode == Interrupted)
        {
            log.LogInformation("The check of {Path} was ended after {Limit}; the rest is checked as it is read", path, CheckLimit);
        }
    }
}
