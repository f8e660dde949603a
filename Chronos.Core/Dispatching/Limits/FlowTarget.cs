namespace Chronos.Core.Dispatching.Limits;

/// <summary>A target as its pool knows it: what is on its way there, what waits for it, and how it did lately.</summary>
public sealed class FlowTarget(string name, NodePart part)
{
    private readonly RecentCount _succeeded = new();
    private readonly RecentCount _failed = new();

    public FlowGate Gate { get; } = new(name, part);

    public string Name => Gate.Name;

    /// <summary>Attempts that wait at the door of the pool. More may wait in their timetables.</summary>
    public int Waiting { get; internal set; }

    public string? LastError { get; private set; }

    public DateTimeOffset? LastErrorAt { get; private set; }

    public DateTimeOffset? LastSuccessAt { get; private set; }

    public bool IsIdle => Waiting == 0 && Gate.IsIdle;

    public int SucceededLately(TimeSpan now) => _succeeded.Lately(now);

    public int FailedLately(TimeSpan now) => _failed.Lately(now);

    public void Note(AttemptOutcome outcome, TimeSpan now)
    {
        if (outcome.Succeeded)
        {
            _succeeded.Add(now);
            LastSuccessAt = outcome.StartedAt + outcome.Duration;
        }
        else if (outcome.Failure != FailureClass.Cancelled)
        {
            _failed.Add(now);

            // That a circuit is open says nothing of why it opened.
            if (outcome.Failure != FailureClass.CircuitOpen)
            {
                (LastError, LastErrorAt) = (outcome.Error ?? outcome.StatusCode?.ToString(System.Globalization.CultureInfo.InvariantCulture), outcome.StartedAt + outcome.Duration);
            }
        }
    }
}

/// <summary>How often something happened in the last minute, to five seconds.</summary>
internal sealed class RecentCount
{
    private const int Slots = 12;
    private const long SlotTicks = 5 * TimeSpan.TicksPerSecond;

    private readonly int[] _counts = new int[Slots];
    private long _slot;

    public void Add(TimeSpan now)
    {
        Turn(now);
        _counts[_slot % Slots]++;
    }

    public int Lately(TimeSpan now)
    {
        Turn(now);
        return _counts.Sum();
    }

    private void Turn(TimeSpan now)
    {
        var slot = now.Ticks / SlotTicks;
        for (var empty = Math.Max(_slot + 1, slot - Slots + 1); empty <= slot; empty++)
        {
            _counts[empty % Slots] = 0;
        }

        _slot = Math.Max(_slot, slot);
    }
}
