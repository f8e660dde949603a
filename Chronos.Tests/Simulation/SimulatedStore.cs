using Chronos.Core.Calendars;
using Chronos.Core.Jobs;
using Chronos.Core.Wire;

namespace Chronos.Tests.Simulation;

/// <summary>
/// The journal and the snapshots of all nodes. A write may be refused, may hang and never be done, or may be done after its writer has given it
/// up. The one thing that it promises is what the unique index of the real one does: of two rows with the same number one is stored.
/// </summary>
internal sealed class SimulatedStore(World world)
{
    /// <summary>After this a writer gives a write up, whatever becomes of it: the time-out of the journal's circuit breaker.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly WireCatalog Wire = new([.. JobsWire.Rows, .. CalendarsWire.Rows]);

    private readonly Dictionary<string, List<object>> _streams = [];
    private readonly Dictionary<string, (int UpTo, object Snapshot)> _snapshots = [];

    public Conditions Conditions { get; set; } = Conditions.Good;

    /// <summary>Nobody reaches it until then.</summary>
    public DateTimeOffset GoneUntil { get; set; }

    /// <summary>Everything that a stream holds, in the order in which it was stored.</summary>
    public IReadOnlyList<object> Stream(string id) => _streams.GetValueOrDefault(id, []);

    /// <summary>Stores <paramref name="happened"/> as row <paramref name="number"/> (the first is 1) and answers, sooner or later, whether it did.</summary>
    public void Write(string id, int number, object happened, Action<bool> answer)
    {
        var random = world.Random;
        var there = random.Milliseconds(0.2, 4);
        if (world.Now < GoneUntil || random.Chance(Conditions.WriteRefused))
        {
            world.After(random.Chance(0.5) ? there : Patience, () => answer(false));
        }
        else if (random.Chance(Conditions.WriteHangs))
        {
            // Done before the writer gives up, afterwards, or never; he does not learn which.
            if (random.Chance(0.75))
            {
                world.After(random.Seconds(0, 6), () => Store(id, number, happened));
            }

            world.After(Patience, () => answer(false));
        }
        else
        {
            world.After(there, () =>
            {
                var stored = Store(id, number, happened);
                world.After(random.Milliseconds(0.1, 3), () => answer(stored));
            });
        }
    }

    /// <summary>Reads a stream from its last snapshot on; null when it could not be read.</summary>
    public void Read(string id, Action<(object? Snapshot, IReadOnlyList<object> Events, int Last)?> answer)
    {
        var random = world.Random;
        if (world.Now < GoneUntil || random.Chance(Conditions.ReadFails))
        {
            world.After(random.Milliseconds(1, 500), () => answer(null));
            return;
        }

        world.After(random.Milliseconds(0.2, 30), () =>
        {
            var rows = _streams.GetValueOrDefault(id, []);
            var (from, snapshot) = _snapshots.TryGetValue(id, out var kept) ? kept : (0, (object?)null);
            (object?, IReadOnlyList<object>, int) read = (snapshot, rows[from..], rows.Count);
            world.After(random.Milliseconds(0.1, 20), () => answer(read));
        });
    }

    public void SaveSnapshot(string id, int upTo, object snapshot)
    {
        // Written by its actor at once, stored some time later, or not at all.
        var stored = AsStored(snapshot);
        if (!world.Random.Chance(0.2))
        {
            world.After(world.Random.Milliseconds(1, 3_000), () =>
            {
                if (!_snapshots.TryGetValue(id, out var kept) || kept.UpTo < upTo)
                {
                    _snapshots[id] = (upTo, stored);
                }
            });
        }
    }

    private bool Store(string id, int number, object happened)
    {
        if (!_streams.TryGetValue(id, out var rows))
        {
            _streams.Add(id, rows = []);
        }

        if (rows.Count != number - 1)
        {
            // A lower number is there already; a higher one would leave a hole, which a writer that numbers its own rows cannot make.
            return false;
        }

        rows.Add(AsStored(happened));
        return true;
    }

    /// <summary>In some worlds everything goes through the bytes of the real journal, which costs time and finds what they do not keep.</summary>
    private object AsStored(object value) => Conditions.OnTheWire ? Wire.Read(Wire.Write(value), Wire.ManifestOf(value)) : value;
}
