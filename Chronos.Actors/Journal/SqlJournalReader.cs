using System.Data.Common;
using Chronos.Actors.Kernel;
using Chronos.Core.Projections;
using Chronos.Core.Wire;

namespace Chronos.Actors.Journal;

/// <summary>
/// Reads the journal in the order in which it was committed, whichever actor wrote it. Safe from many threads.
/// </summary>
/// <remarks>
/// SQLite has one writer at a time, and in PostgreSQL a trigger lets one at a time have orderings: one that is visible has no lower one
/// to come. Nothing appears behind a reader's back.
/// </remarks>
public sealed class SqlJournalReader(JournalOptions options, WireCatalog catalog) : IJournalReader
{
    private const string ReadSql =
        """
        SELECT ordering, persistence_id, sequence_number, message, manifest, identifier, writer_uuid FROM journal
        WHERE ordering > @after AND deleted = FALSE ORDER BY ordering LIMIT @max
        """;

    /// <remarks>The plus signs keep the planner from walking the whole journal by its key: the streams are found by the index over persistence ids.</remarks>
    private const string StreamsSql =
        """
        SELECT ordering, persistence_id, sequence_number, message, manifest, identifier, writer_uuid FROM journal
        WHERE persistence_id >= @from AND persistence_id < @to AND +ordering > @after AND deleted = FALSE ORDER BY +ordering LIMIT @max
        """;

    private const string HighestSql = "SELECT ordering FROM journal WHERE deleted = FALSE ORDER BY ordering DESC LIMIT 1";

    /// <summary>What is parsed at once at most: an entry may be one event or a batch of a thousand plans, and as objects they take several times their bytes.</summary>
    private const long MaxBytes = 4 << 20;

    private readonly JournalDatabase _database = options.Database;

    /// <exception cref="JournalReadException">An event cannot be read; it is named, and nothing after it is returned.</exception>
    /// <exception cref="JournalDamagedException">The file is damaged.</exception>
    public IReadOnlyList<JournalEntry> Read(long after, int max) => Read(ReadSql, after, max, MaxBytes, options.Tail, []);

    public JournalSlice ReadStreams(string prefix, long after, int max)
    {
        // Taken before reading: what is committed meanwhile is read the next time.
        var highest = Highest();
        var entries = Read(StreamsSql, after, max, long.MaxValue, null, [("@from", prefix), ("@to", prefix + "\uFFFF")]);
        return new JournalSlice(entries, entries.Count == max ? entries[^1].Ordering : Math.Max(after, highest));
    }

    private List<JournalEntry> Read(string sql, long after, int max, long limit, JournalTail? tail, (string Name, object Value)[] bounds)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(max);
        try
        {
            using var connection = _database.Open();
            using var command = connection.Command(sql, [("@after", after), ("@max", max), .. bounds]);

            var (entries, bytes) = (new List<JournalEntry>(), 0L);
            using var rows = command.ExecuteReader();
            while (bytes < limit && rows.Read())
            {
                if (!TryRead(rows, tail, out var entry, out var error, ref bytes))
                {
                    // The reader gets what comes before, and the error when it asks again from there.
                    return entries.Count > 0 ? entries : throw error!;
                }

                entries.Add(entry!);
            }

            return entries;
        }
        catch (DbException e) when (!_database.LacksTables(e))
        {
            throw _database.Explain(e);
        }
        catch (DbException)
        {
            // The journal makes its tables when it starts; a reader may be earlier.
            return [];
        }
    }

    public long Highest()
    {
        try
        {
            using var connection = _database.Open();
            using var command = connection.Command(HighestSql);
            return command.ExecuteScalar() is long highest ? highest : 0;
        }
        catch (DbException e) when (!_database.LacksTables(e))
        {
            throw _database.Explain(e);
        }
        catch (DbException)
        {
            return 0;
        }
    }

    private bool TryRead(DbDataReader row, JournalTail? tail, out JournalEntry? entry, out JournalReadException? error, ref long bytes)
    {
        var ordering = row.GetInt64(0);
        var persistenceId = row.GetString(1);
        var sequenceNr = row.GetInt64(2);
        var manifest = row.IsDBNull(4) ? string.Empty : row.GetString(4);
        entry = null;
        error = null;
        if (tail?.Take(persistenceId, sequenceNr, row.IsDBNull(6) ? null : row.GetString(6)) is { } known)
        {
            entry = new JournalEntry(ordering, persistenceId, sequenceNr, manifest, known);
            return true;
        }

        if (row.IsDBNull(5) || row.GetInt32(5) != WireSerializer.Id)
        {
            error = new JournalReadException(persistenceId, sequenceNr, ordering, manifest, "another serializer wrote it", null);
            return false;
        }

        try
        {
            var message = row.GetFieldValue<byte[]>(3);
            bytes += message.Length;
            entry = new JournalEntry(ordering, persistenceId, sequenceNr, manifest, catalog.Read(message, manifest));
            return true;
        }
        catch (Exception e) when (e is not DbException)
        {
            error = new JournalReadException(persistenceId, sequenceNr, ordering, manifest, e.Message, e);
            return false;
        }
    }
}
