namespace Chronos.Core.Scheduling;

/// <summary>
/// Looks for the slots of a schedule that fire in a window, in the order in which they do, which is that of their nominal times. It goes in
/// steps, each of which passes one slot or one stretch of slots that share a fate, so that whoever has little time can stop between them.
/// </summary>
/// <remarks>It begins beside the window, however far that is from <paramref name="after"/>: see <see cref="Schedule.FiredBefore"/>.</remarks>
/// <param name="after">Slots up to here are decided.</param>
/// <param name="from">Inclusive, by the time of firing.</param>
/// <param name="to">Exclusive.</param>
internal struct FiringSearch(Schedule schedule, DateTimeOffset after, DateTimeOffset from, DateTimeOffset to)
{
    private DateTimeOffset _after = after;
    private DateTimeOffset _last;
    private bool _begun;
    private bool _ended;

    /// <summary>The slot at which it stands; null when it has ended, or goes on.</summary>
    public (DateTimeOffset Nominal, DateTimeOffset FireAt)? Found { get; private set; }

    /// <summary>What is remarkable about <see cref="Found"/>.</summary>
    public string? Note { get; private set; }

    /// <summary>Goes on. True when it has found the next slot, or there is none.</summary>
    public bool Step()
    {
        Found = null;
        Begin();
        if (_ended || schedule.Next(_after) is not { } nominal || nominal > _last)
        {
            return _ended = true;
        }

        var treatment = schedule.Treat(nominal);
        if (treatment.Fate != SlotFate.Skipped && treatment.FireAt >= to)
        {
            return _ended = true;
        }

        if (treatment.Fate != SlotFate.Skipped && treatment.FireAt >= from)
        {
            (Found, Note) = ((nominal, treatment.FireAt), treatment.Note);
            (_after, _ended) = (nominal, schedule.AfterCompletion);
            return true;
        }

        // Those that share its fate do not fire in the window either. There is one slot of a fixed delay.
        _after = treatment.Fate == SlotFate.Open ? nominal : schedule.LastAlike(nominal);
        return _ended = schedule.AfterCompletion;
    }

    private void Begin()
    {
        if (_begun)
        {
            return;
        }

        _begun = true;
        _last = schedule.FiringAfter(to);
        if (!schedule.AfterCompletion && from > _after && schedule.FiredBefore(from) is var before && before > _after)
        {
            _after = before;
        }
    }
}
