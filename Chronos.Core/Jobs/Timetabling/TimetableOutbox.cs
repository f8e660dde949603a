using System.Collections.Immutable;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What is to be done outside once the batch that decided it is durable.</summary>
public interface ITimetableEffect;

/// <summary>The effects of a timetable.</summary>
public static class TimetableEffects
{
    /// <summary>Offer an attempt to the dispatcher of its protocol.</summary>
    public sealed record Offer(AttemptRequest Attempt) : ITimetableEffect;

    /// <summary>Tell the dispatcher to stop the running attempt.</summary>
    public sealed record Stop(ExecutionId Execution, Protocol Protocol) : ITimetableEffect;

    /// <summary>An execution ended; for the metrics.</summary>
    public sealed record Ended(ExecutionStatus Status, Protocol Protocol, TimeSpan Duration) : ITimetableEffect;

    /// <summary>A scheduled slot reached its target so much after its nominal time; for the metrics.</summary>
    public sealed record Sent(TimeSpan Lateness) : ITimetableEffect;
}

/// <summary>What one batch makes durable, and what is to be done then.</summary>
public sealed record TimetableCommit(ImmutableArray<TimetableItem> Items, ImmutableArray<PlannedCalendar> Calendars, IReadOnlyList<ITimetableEffect> Effects, string? Tzdb);

/// <summary>Items and effects that were decided and are not yet committed.</summary>
public sealed class TimetableOutbox
{
    private ImmutableArray<TimetableItem>.Builder _items = ImmutableArray.CreateBuilder<TimetableItem>();
    private readonly ImmutableArray<PlannedCalendar>.Builder _calendars = ImmutableArray.CreateBuilder<PlannedCalendar>();
    private List<ITimetableEffect> _effects = [];

    public bool IsEmpty => _items.Count == 0 && _calendars.Count == 0;

    /// <summary>Whether something waits for this batch to be sent, or must not be forgotten when the node dies in the next moment.</summary>
    public bool IsUrgent { get; private set; }

    /// <summary>A version of the tz database to be written down; it waits for the next batch.</summary>
    public string? Tzdb { get; set; }

    public void Add(TimetableItem item)
    {
        _items.Add(item);

        // Forgotten, an accepted attempt would be sent again, and the target's callback come for one that is over.
        IsUrgent |= item is AttemptAccepted;
    }

    public void Add(PlannedCalendar calendar) => _calendars.Add(calendar);

    public void Add(ITimetableEffect effect)
    {
        _effects.Add(effect);
        IsUrgent |= effect is TimetableEffects.Offer;
    }

    /// <summary>Hands over everything and starts anew.</summary>
    public TimetableCommit Take()
    {
        var taken = new TimetableCommit(_items.DrainToImmutable(), _calendars.DrainToImmutable(), _effects, Tzdb);
        Tzdb = null;
        _items = ImmutableArray.CreateBuilder<TimetableItem>();
        _effects = [];
        IsUrgent = false;
        return taken;
    }
}
