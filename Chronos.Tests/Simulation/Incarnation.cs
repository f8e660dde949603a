namespace Chronos.Tests.Simulation;

/// <summary>One run of a persistent actor on a node: reads its stream, keeps what comes meanwhile, and ends when a write fails.</summary>
internal abstract class Incarnation(SimulatedNode node, Entity entity, string stream)
{
    private readonly List<(object Message, Asker? Asker)> _stash = [];
    private bool _busy = true;
    private int _last;

    public bool HasEnded { get; private set; }

    protected SimulatedNode Node => node;

    protected World World => node.World;

    protected DateTimeOffset Now => node.World.Now;

    /// <summary>The number of the last row that is stored, as far as this incarnation knows.</summary>
    protected int Last => _last;

    /// <summary>A way back to this incarnation.</summary>
    protected Asker Self => new(node.Number, node.InThisLife<object>(message => Take(message, null)));

    public void Recover() => node.Cluster.Store.Read(stream, node.InThisLife<(object? Snapshot, IReadOnlyList<object> Events, int Last)?>(read =>
    {
        if (HasEnded)
        {
            return;
        }

        if (read is not { } stored)
        {
            Stop();
            return;
        }

        if (stored.Snapshot is { } snapshot)
        {
            Restore(snapshot);
        }

        foreach (var happened in stored.Events)
        {
            Replay(happened);
        }

        _last = stored.Last;
        _busy = false;
        OnRecovered();
        Unstash();
    }));

    public void Take(object message, Asker? asker)
    {
        if (HasEnded)
        {
            return;
        }

        if (_busy)
        {
            _stash.Add((message, asker));
            return;
        }

        Receive(message, asker);
    }

    public void End() => HasEnded = true;

    protected void Stop()
    {
        HasEnded = true;
        node.Ended(entity, this);
    }

    protected virtual void Restore(object snapshot) => throw new InvalidOperationException($"{stream} has no snapshots");

    protected abstract void Replay(object happened);

    protected abstract void OnRecovered();

    protected abstract void Receive(object message, Asker? asker);

    /// <summary>Goes on while the write is under way, as <c>PersistAsync</c> does.</summary>
    protected void WriteAside(object happened, Action stored)
    {
        var number = ++_last;
        node.Cluster.Store.Write(stream, number, happened, node.InThisLife<bool>(done =>
        {
            if (HasEnded)
            {
                return;
            }

            if (done)
            {
                stored();
            }
            else
            {
                Stop();
            }
        }));
    }

    /// <summary>Keeps what comes until the write is done, as <c>Persist</c> does.</summary>
    protected void Write(object happened, Action stored)
    {
        _busy = true;
        WriteAside(happened, () =>
        {
            _busy = false;
            stored();
            Unstash();
        });
    }

    protected void After(TimeSpan wait, Action act) => node.After(wait, () =>
    {
        if (!HasEnded)
        {
            act();
        }
    });

    private void Unstash()
    {
        while (_stash.Count > 0 && !_busy && !HasEnded)
        {
            var (message, asker) = _stash[0];
            _stash.RemoveAt(0);
            Receive(message, asker);
        }
    }
}
