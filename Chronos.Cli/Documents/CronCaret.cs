namespace Chronos.Cli.Documents;

/// <summary>Points at the part of a cron expression that is wrong.</summary>
internal static class CronCaret
{
    public static IEnumerable<string> Lines(string expression) => [];
}
