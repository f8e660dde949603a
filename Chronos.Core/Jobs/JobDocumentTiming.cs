using Chronos.Core.Calendars;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Core.Jobs;

/// <summary>The <c>schedule</c> and <c>timezone</c> of a document. A schedule counts as valid only when it compiles.</summary>
internal static class JobDocumentTiming
{
    private static readonly ScheduleSpec AnySchedule = new() { Every = TimeSpan.FromHours(1) };

    public static (ScheduleSpec? Schedule, string Timezone) Read(JobDocumentFields fields, DocumentMode mode, string jobName, ICollection<Violation> violations)
    {
        var given = fields.Any("schedule");
        var before = violations.Count;
        var schedule = given is { } value ? ScheduleJson.Read(value, "schedule", violations) : null;
        var timezone = fields.Text("timezone", 64) ?? "UTC";
        if (mode == DocumentMode.Stored)
        {
            return (schedule, timezone);
        }

        if (violations.Count == before || schedule is null)
        {
            // Without a schedule, or with one that cannot be read, the zone is still looked at: all faults in one answer.
            // Whether its calendars exist is not known to a document; the node says so.
            Schedule.Compile(schedule ?? AnySchedule, timezone, TenantId.Default, jobName, CalendarLookups.Lenient, violations);
        }

        return (schedule, timezone);
    }
}
