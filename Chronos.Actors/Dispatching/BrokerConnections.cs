namespace Chronos.Actors.Dispatching;

/// <summary>The connections of a node to brokers, by where they lead and as whom. One that is in use is not closed.</summary>
/// <param name="most">How many are kept; more only while all of them are in use.</param>
/// <param name="idle">After this without use a connection is closed.</param>
internal sealed class BrokerConnections<T>(int most, TimeSpan idle, TimeProvider time) : IAsyncDisposable
    where T : class, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _swept = time.GetTimestamp();

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>The connection of an identity, made when there is none. <paramref name="make"/> does not connect yet.</summary>
    public Lease Rent(string identity, Func<T> make)
    {
        lock (_gate)
        {
            Sweep();
            if (!_entries.TryGetValue(identity, out var entry))
            {
                _entries[identity] = entry = new Entry(make());
            }

            entry.Users++;
            return new Lease(this, entry);
        }
    }

    public async ValueTask DisposeAsync()
    {
        List<Entry> all;
        lock (_gate)
        {
            all = [.. _entries.Values];
            _entries.Clear();
        }

        foreach (var entry in all)
        {
            await entry.Connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Sweep()
    {
        if (_entries.Count < most && time.GetElapsedTime(_swept) < idle / 2)
        {
            return;
        }

        _swept = time.GetTimestamp();
        foreach (var (identity, entry) in _entries.Where(pair => pair.Value.Users == 0).OrderBy(pair => pair.Value.UsedAt).ToList())
        {
            if (_entries.Count >= most || time.GetElapsedTime(entry.UsedAt) > idle)
            {
                _entries.Remove(identity);
                _ = CloseAsync(entry.Connection);
            }
        }
    }

    private static async Task CloseAsync(T connection)
    {
        try
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // It is not used any more; how it ended tells nobody anything.
        }
    }

    private void Return(Entry entry)
    {
        lock (_gate)
        {
            entry.Users--;
            entry.UsedAt = time.GetTimestamp();
        }
    }

    /// <summary>A connection for the time of one attempt.</summary>
    internal sealed class Lease(BrokerConnections<T> owner, Entry entry) : IDisposable
    {
        public T Connection => entry.Connection;

        public void Dispose() => owner.Return(entry);
    }

    internal sealed class Entry(T connection)
    {
        public T Connection { get; } = connection;

        public int Users { get; set; }

        public long UsedAt { get; set; }
    }
}
