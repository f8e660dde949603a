using System.Data.Common;

namespace Chronos.Actors.Journal;

/// <summary>What may go from the journal.</summary>
/// <param name="Passed">The lowest ordering that every projection and reactor of this node has passed; nothing above it goes, nor above what another node has passed.</param>
/// <param name="MaxAge">Batches older than this may go; absent when age does not matter.</param>
/// <param name="MaxBatches">Batches of a timetable beyond its newest so many may go; absent when their number does not matter.</param>
public sealed record RetentionPolicy(long Passed, TimeSpan? MaxAge, long? MaxBatches)
{
    /// <summary>Snapshots that stay with each persistent actor. Batches stay back to the oldest of them, so that either can be recovered from.</summary>
    public int Snapshots { get; init; } = 2;

    /// <summary>Name of this node among those that share the journal: no two may have the same at a time.</summary>
    public string Reader { get; init; } = "this node";

    /// <summary>A node that was silent for so long holds nothing back any more.</summary>
    public TimeSpan ForgetReader { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Rows of one transaction: commits wait for no more than that.</summary>
    public int Chunk { get; init; } = 100;
}

/// <summary>What a run of <see cref="JournalRetention"/> removed.</summary>
public sealed record RetentionReport(long Batches, long Snapshots, long FreedPages);

/// <summary>
/// Removes old batches of timetables and old snapshots, in small transactions between the commits of the journal. Only what a snapshot
/// covers goes, and never the newest row of a stream, so that its highest sequence number survives.
/// </summary>
public sealed class JournalRetention(JournalOptions options)
{
    private const string StreamsSql =
        """
        SELECT persistence_id, sequence_number FROM (
            SELECT persistence_id, sequence_number, row_number() OVER (PARTITION BY persistence_id ORDER BY sequence_number DESC) AS rank FROM snapshot) AS ranked
        WHERE rank <= @snapshots AND persistence_id >= 'timetable|' AND persistence_id < 'timetable}'
        """;

    private const string BatchesSql =
        """
        DELETE FROM journal WHERE ordering IN (
            SELECT ordering FROM journal
            WHERE persistence_id = @id AND ordering <= @passed AND sequence_number <= @covered
              AND sequence_number < (SELECT max(sequence_number) FROM journal WHERE persistence_id = @id)
              AND (created < @before OR sequence_number <= (SELECT max(sequence_number) FROM journal WHERE persistence_id = @id) - @batches)
            ORDER BY sequence_number LIMIT @chunk)
        """;

    /// <summary>Removes everything that the policy lets go, then gives unused pages back to the disk.</summary>
    public async Task<RetentionReport> RunOnce(RetentionPolicy policy, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.Snapshots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.Chunk, 1);
        try
        {
            using var connection = options.Database.OpenOwn();
            policy = policy with { Passed = options.Database.Passed(connection, policy.Reader, policy.Passed, policy.ForgetReader) };
            var snapshots = await RemoveSnapshots(connection, policy, cancellation).ConfigureAwait(false);
            var batches = 0L;
            foreach (var (id, covered) in Covered(connection, policy))
            {
                batches += await RemoveBatches(connection, policy, id, covered, cancellation).ConfigureAwait(false);
            }

            var pages = await options.Database.GiveBack(connection, cancellation).ConfigureAwait(false);
            return new RetentionReport(batches, snapshots, pages);
        }
        catch (DbException e)
        {
            throw options.Database.Explain(e);
        }
    }

    /// <summary>For each timetable the sequence number of the oldest snapshot that stays.</summary>
    private static Dictionary<string, long> Covered(DbConnection connection, RetentionPolicy policy)
    {
        using var command = connection.Command(StreamsSql, ("@snapshots", policy.Snapshots));
        var covered = new Dictionary<string, long>(StringComparer.Ordinal);
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            var id = rows.GetString(0);
            var sequenceNr = rows.GetInt64(1);
            covered[id] = covered.TryGetValue(id, out var other) ? Math.Min(other, sequenceNr) : sequenceNr;
        }

        return covered;
    }

    private async Task<long> RemoveBatches(DbConnection connection, RetentionPolicy policy, string id, long covered, CancellationToken cancellation)
    {
        using var command = connection.Command(
            BatchesSql,
            ("@id", id),
            ("@passed", policy.Passed),
            ("@covered", covered),
            ("@before", policy.MaxAge is { } age ? (options.Clock.GetUtcNow() - age).UtcTicks : 0L),
            ("@batches", policy.MaxBatches is { } batches ? batches : long.MaxValue),
            ("@chunk", policy.Chunk));
        return await RepeatInTurns(command, policy.Chunk, cancellation).ConfigureAwait(false);
    }

    /// <summary>One snapshot a time: each may be megabytes.</summary>
    private async Task<long> RemoveSnapshots(DbConnection connection, RetentionPolicy policy, CancellationToken cancellation)
    {
        using var command = connection.Command(options.Database.TrimSnapshotsSql, ("@snapshots", policy.Snapshots));
        return await RepeatInTurns(command, 1, cancellation).ConfigureAwait(false);
    }

    /// <summary>Runs a deletion again and again, letting the journal commit in between, until a run finds less than it asked for.</summary>
    private async Task<long> RepeatInTurns(DbCommand command, int chunk, CancellationToken cancellation)
    {
        var removed = 0L;
        int count;
        do
        {
            using (await options.Database.Gate.EnterAsync(cancellation).ConfigureAwait(false))
            {
                count = command.ExecuteNonQuery();
            }

            removed += count;
            await Task.Yield();
        }
        while (count >= chunk);
        return removed;
    }
}
