namespace Chronos.Actors.Journal;

/// <summary>
/// The events that this node has just committed, as objects, until its ordered reader takes them: the ledger then neither fetches nor
/// parses what was in memory a moment ago. A short cut and nothing more: what is not here is read from the table.
/// </summary>
/// <remarks>
/// Events are immutable, so that writer and reader may share them. Only what is certainly committed comes in, and a row is known by its
/// persistence id, its sequence number and the incarnation that wrote it. The number alone would not do: a server that does not wait for its disk
/// (<see cref="Durability.Relaxed"/>) forgets the last commits when it dies, and the next incarnation gives their numbers out again.
/// </remarks>
public sealed class JournalTail
{
    /// <summary>What may wait here, measured as it was serialized. Beyond it newer events are left out, because the older are wanted first.</summary>
    private const long Capacity = 24L << 20;

    /// <summary>What nobody took for so long makes room: its reader is far behind, or elsewhere.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string PersistenceId, long SequenceNr), Kept> _events = [];
    private readonly Queue<(string PersistenceId, long SequenceNr, long Since)> _order = new();
    private long _bytes;

    public JournalTail(TimeProvider time) => _time = time;

    /// <summary>How many events wait.</summary>
    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _events.Count;
            }
        }
    }

    internal void Add(IReadOnlyList<JournalRow> rows)
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            MakeRoom(now);
            foreach (var row in rows)
            {
                if (row.Event is not { } value || _bytes + row.Message.Length > Capacity)
                {
                    continue;
                }

                var key = (row.PersistenceId, row.SequenceNr);
                _bytes += row.Message.Length - (_events.TryGetValue(key, out var forgotten) ? forgotten.Bytes : 0);
                _events[key] = new Kept(value, row.Writer, row.Message.Length);
                _order.Enqueue((row.PersistenceId, row.SequenceNr, now));
            }
        }
    }

    /// <summary>Hands the event over and forgets it; null when it is to be read from the table.</summary>
    /// <param name="writer">The incarnation that wrote the row, as the row says.</param>
    internal object? Take(string persistenceId, long sequenceNr, string? writer)
    {
        lock (_lock)
        {
            if (!_events.Remove((persistenceId, sequenceNr), out var kept))
            {
                return null;
            }

            _bytes -= kept.Bytes;
            return kept.Writer == writer ? kept.Event : null;
        }
    }

    private void MakeRoom(long now)
    {
        while (_order.TryPeek(out var oldest))
        {
            var key = (oldest.PersistenceId, oldest.SequenceNr);
            if (_events.TryGetValue(key, out var kept))
            {
                if (_time.GetElapsedTime(oldest.Since, now) < Patience)
                {
                    return;
                }

                _events.Remove(key);
                _bytes -= kept.Bytes;
            }

            _order.Dequeue();
        }
    }

    private readonly record struct Kept(object Event, string? Writer, int Bytes);
}
