using System.Data.Common;
using Chronos.Actors.Journal;

namespace Chronos.Actors.Kernel;

/// <summary>Others are at work on the journal that a node was to have for itself.</summary>
public sealed class JournalInUseException(string database, string member)
    : IOException($"the journal {database} is in use: {member} works on it. To join its cluster, set CHRONOS_CLUSTER_SEEDS or CHRONOS_CLUSTER_DISCOVERY; else give this node a database of its own");

/// <summary>
/// A node that is a cluster by itself asks its database before it starts whether somebody else is at work there. Two clusters on one journal claim no slot
/// twice, but take their timetables from each other for as long as both live, and each dispatches by its own settings.
/// </summary>
internal static class SoleNode
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);

    /// <summary>Who lives says so each second. Who said so lately and does not say it again was killed: this node itself, most often.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    /// <exception cref="JournalInUseException">Somebody is.</exception>
    /// <exception cref="JournalUnreachableException">The database does not say.</exception>
    public static async Task ExpectAsync(PostgresAddress database, TimeProvider time)
    {
        try
        {
            var table = new PresenceTable(database);
            var before = await table.FreshAsync(Fresh, CancellationToken.None).ConfigureAwait(false);
            var began = time.GetTimestamp();
            while (before.Count > 0 && time.GetElapsedTime(began) < Silence)
            {
                await Task.Delay(Look, time).ConfigureAwait(false);
                var now = await table.FreshAsync(Fresh, CancellationToken.None).ConfigureAwait(false);
                if (now.FirstOrDefault(word => before.GetValueOrDefault(word.Key) != word.Value) is { Key: { } member })
                {
                    throw new JournalInUseException(database.ToString(), member);
                }

                before = now;
            }
        }
        catch (Exception e) when (e is DbException or TimeoutException)
        {
            throw new JournalUnreachableException(database.ToString(), e.InnerException?.Message ?? e.Message, e);
        }
    }
}
