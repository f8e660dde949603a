using System.Collections.Immutable;
using Chronos.Core.Calendars;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Calendars;

/// <summary>A calendar as the memory of a node has it.</summary>
/// <param name="Times">Null after its deletion.</param>
/// <param name="Spread">The version that every timetable has.</param>
/// <param name="Since">When the version came to be.</param>
public sealed record KnownCalendar(TenantId Tenant, string Name, long Version, CalendarTimes? Times, CalendarSnapshot? Snapshot, long Spread, DateTimeOffset Since);

/// <summary>
/// The calendars in the memory of this node, for what is shown: lists, previews, next times. What fires does not look here; each
/// timetable has the calendars of its own journal.
/// </summary>
/// <remarks>Fed by the follower of the journal and by calendars that live on this node; versions only rise, so what comes late or twice changes nothing.</remarks>
public sealed class CalendarDirectory
{
    private ImmutableDictionary<(TenantId Tenant, string Name), KnownCalendar> _known = ImmutableDictionary<(TenantId, string), KnownCalendar>.Empty;

    /// <summary>The calendars of a tenant by name.</summary>
    public IEnumerable<CalendarSnapshot> Of(TenantId tenant) =>
        _known.Values.Where(c => c.Tenant == tenant).Select(c => c.Snapshot).OfType<CalendarSnapshot>().OrderBy(s => s.Name, StringComparer.Ordinal);

    public CalendarTimes? Find(TenantId tenant, string name) => _known.GetValueOrDefault((tenant, name))?.Times;

    /// <summary>For what is shown of a job: a calendar that this node has not heard of counts as open.</summary>
    public CalendarLookup Lookup(TenantId tenant) => CalendarLookups.OrOpen(name => Find(tenant, name));

    /// <summary>Changes that not every timetable has.</summary>
    internal IEnumerable<KnownCalendar> Unspread(DateTimeOffset before) => _known.Values.Where(c => c.Spread < c.Version && c.Since < before);

    internal void Learn(ICalendarEvent fact) => ImmutableInterlocked.Update(ref _known, Fold, fact);

    private static ImmutableDictionary<(TenantId, string), KnownCalendar> Fold(ImmutableDictionary<(TenantId, string), KnownCalendar> all, ICalendarEvent fact)
    {
        var key = (fact.Tenant, fact.Name);
        var known = all.GetValueOrDefault(key) ?? new KnownCalendar(fact.Tenant, fact.Name, 0, null, null, 0, default);
        return fact switch
        {
            CalendarEvents.Spread e when e.Version > known.Spread => all.SetItem(key, known with { Spread = e.Version }),
            CalendarEvents.Changed e when e.Version > known.Version => all.SetItem(key, known with
            {
                Version = e.Version,
                Times = CalendarTimes.Of(e.Definition),
                Snapshot = new CalendarSnapshot(
                    e.Tenant, e.Name, e.Version, e.Definition, known.Snapshot?.CreatedAt ?? e.At, known.Snapshot?.CreatedBy ?? e.By, e.At, e.By),
                Since = e.At,
            }),
            CalendarEvents.Deleted e when e.Version > known.Version => all.SetItem(key, known with { Version = e.Version, Times = null, Snapshot = null, Since = e.At }),
            _ => all,
        };
    }
}
