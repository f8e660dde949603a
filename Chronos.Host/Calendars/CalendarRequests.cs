using System.Collections.Immutable;
using Akka.Actor;
using Akka.Hosting;
using Chronos.Actors.Calendars;
using Chronos.Core.Calendars;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Host.Http;

namespace Chronos.Host.Calendars;

/// <summary>Asks the calendars. What is asked of the entities is as new as the last acknowledged change.</summary>
internal sealed class CalendarRequests(IRequiredActor<CalendarRegionKey> region)
{
    /// <summary>A change answers when every timetable has it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public async Task<ICalendarReply> Ask(ICalendarCommand command, CancellationToken cancellation) =>
        await (await region.GetAsync(cancellation)).Ask<ICalendarReply>(command, Patience, cancellation);

    public async Task<CalendarSnapshot?> Find(TenantId tenant, string name, CancellationToken cancellation) =>
        await Ask(new CalendarCommands.Get(tenant, name), cancellation) is CalendarReplies.Accepted accepted ? accepted.Calendar : null;

    /// <summary>The calendars that a schedule lists, as far as they exist.</summary>
    public async Task<CalendarLookup> Lookup(TenantId tenant, ScheduleSpec? spec, CancellationToken cancellation)
    {
        var found = new Dictionary<string, CalendarTimes>(StringComparer.Ordinal);
        foreach (var name in spec?.Calendars ?? [])
        {
            if (await Find(tenant, name, cancellation) is { } calendar)
            {
                found[name] = CalendarTimes.Of(calendar.Definition);
            }
        }

        return found.GetValueOrDefault;
    }

    /// <summary>The calendars of a job that do not exist, by their place in the document.</summary>
    public async Task<ImmutableArray<Violation>> Missing(TenantId tenant, JobDefinition job, CancellationToken cancellation)
    {
        var violations = new List<Violation>();
        if (job.Schedule is { Calendars.IsEmpty: false } spec)
        {
            Schedule.Compile(spec, job.Timezone, tenant, job.Name, await Lookup(tenant, spec, cancellation), violations);
        }

        return [.. violations];
    }

    /// <summary>The refusal of a job that lists a calendar that does not exist; null when all is well.</summary>
    public async Task<IResult?> Refusal(HttpContext http, JobDefinition job, CancellationToken cancellation) =>
        await Missing(http.Tenant(), job, cancellation) is { IsEmpty: false } missing ? ProblemResult.Of(Rejection.Invalid(missing)) : null;
}
