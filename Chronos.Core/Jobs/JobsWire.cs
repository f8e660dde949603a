using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Wire;

namespace Chronos.Core.Jobs;

/// <summary>The wire rows of this room. A row is never changed, only added: see <see cref="WireCatalog"/>.</summary>
public static class JobsWire
{
    private static JobsJson Json => JobsJson.Default;

    public static IReadOnlyList<WireRow> Rows { get; } =
    [
        WireRow.Of("job.created.1", Json.Created),
        WireRow.Of("job.revised.1", Json.Revised),
        WireRow.Of("job.switched.1", Json.Switched),
        WireRow.Of("job.paused.1", Json.Paused),
        WireRow.Of("job.resumed.1", Json.Resumed),
        WireRow.Of("job.deleted.1", Json.Deleted),
        WireRow.Of("job.create.1", Json.Create),
        WireRow.Of("job.replace.1", Json.Replace),
        WireRow.Of("job.rollback.1", Json.Rollback),
        WireRow.Of("job.switch.1", Json.Switch),
        WireRow.Of("job.pause.1", Json.Pause),
        WireRow.Of("job.resume.1", Json.Resume),
        WireRow.Of("job.delete.1", Json.Delete),
        WireRow.Of("job.trigger.1", Json.Trigger),
        WireRow.Of("job.get.1", Json.Get),
        WireRow.Of("job.get-revisions.1", Json.GetRevisions),
        WireRow.Of("job.repeat-plan.1", Json.RepeatPlan),
        WireRow.Of("job.accepted.1", Json.Accepted),
        WireRow.Of("job.refused.1", Json.Refused),
        WireRow.Of("job.revisions.1", Json.Revisions),
        WireRow.Of("timetable.batch.1", Json.TimetableBatch),
        WireRow.Of("timetable.snapshot.1", Json.TimetableSnapshot),
        WireRow.Of("timetable.set-plan.1", Json.SetPlan),
        WireRow.Of("timetable.remove-plan.1", Json.RemovePlan),
        WireRow.Of("timetable.plan-noted.1", Json.PlanNoted),
        WireRow.Of("timetable.run-now.1", Json.RunNow),
        WireRow.Of("timetable.tick.1", Json.Tick),
        WireRow.Of("timetable.next-due.1", Json.NextDue),
        WireRow.Of("timetable.cancel.1", Json.Cancel),
        WireRow.Of("timetable.get-execution.1", Json.GetExecution),
        WireRow.Of("timetable.get-plan.1", Json.GetPlan),
        WireRow.Of("timetable.start-backfill.1", Json.StartBackfill),
        WireRow.Of("timetable.cancel-backfill.1", Json.CancelBackfill),
        WireRow.Of("timetable.get-backfill.1", Json.GetBackfill),
        WireRow.Of("timetable.attempt-finished.1", Json.AttemptFinished),
        WireRow.Of("timetable.attempt-noted.1", Json.AttemptNoted),
        WireRow.Of("timetable.attempt-told.1", Json.AttemptTold),
        WireRow.Of("timetable.started.1", Json.Started),
        WireRow.Of("timetable.live.1", Json.Live),
        WireRow.Of("timetable.plan.1", Json.Plan),
        WireRow.Of("timetable.backfill.1", Json.BackfillView),
        WireRow.Of("timetable.set-calendar.1", Json.SetCalendar),
        WireRow.Of("timetable.calendar-noted.1", Json.CalendarNoted),
        WireRow.Of("timetable.get-calendar-use.1", Json.GetCalendarUse),
        WireRow.Of("timetable.calendar-use.1", Json.CalendarUse),
        WireRow.Of("timetable.read-agenda.1", Json.ReadAgenda),
        WireRow.Of("timetable.agenda-page.1", Json.AgendaPage),
        WireRow.Of("timetable.end-agenda.1", Json.EndAgenda),
        WireRow.Of("callback.find.1", Json.Find),
        WireRow.Of("callback.complete.1", Json.Complete),
        WireRow.Of("callback.beat.1", Json.Beat),
        WireRow.Of("callback.found.1", Json.Found),
        WireRow.Of("callback.noted.1", Json.Noted),
        WireRow.Of("timetable.drop-dead-letter.1", Json.DropDeadLetter),
        WireRow.Of("timetable.dropped.1", Json.Dropped),
        WireRow.Of("leader.rose.1", Json.LeaderRose),
        WireRow.Of("leader.get.1", Json.GetLeader),
        WireRow.Of("leader.view.1", Json.LeaderView),
    ];
}

/// <summary>How the messages of this room are written: snake_case, words for enumerations, no nulls.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JobEvents.Created))]
[JsonSerializable(typeof(JobEvents.Revised))]
[JsonSerializable(typeof(JobEvents.Switched))]
[JsonSerializable(typeof(JobEvents.Paused))]
[JsonSerializable(typeof(JobEvents.Resumed))]
[JsonSerializable(typeof(JobEvents.Deleted))]
[JsonSerializable(typeof(JobCommands.Create))]
[JsonSerializable(typeof(JobCommands.Replace))]
[JsonSerializable(typeof(JobCommands.Rollback))]
[JsonSerializable(typeof(JobCommands.Switch))]
[JsonSerializable(typeof(JobCommands.Pause))]
[JsonSerializable(typeof(JobCommands.Resume))]
[JsonSerializable(typeof(JobCommands.Delete))]
[JsonSerializable(typeof(JobCommands.Trigger))]
[JsonSerializable(typeof(JobCommands.Get))]
[JsonSerializable(typeof(JobCommands.GetRevisions))]
[JsonSerializable(typeof(JobCommands.RepeatPlan))]
[JsonSerializable(typeof(JobReplies.Accepted))]
[JsonSerializable(typeof(JobReplies.Refused))]
[JsonSerializable(typeof(JobReplies.Revisions))]
[JsonSerializable(typeof(TimetableBatch))]
[JsonSerializable(typeof(ImmutableArray<TimetableItem>))]
[JsonSerializable(typeof(TimetableSnapshot))]
[JsonSerializable(typeof(TimetablePlanning.SetPlan))]
[JsonSerializable(typeof(TimetablePlanning.RemovePlan))]
[JsonSerializable(typeof(TimetablePlanning.PlanNoted))]
[JsonSerializable(typeof(TimetablePlanning.RunNow))]
[JsonSerializable(typeof(TimetablePlanning.Tick))]
[JsonSerializable(typeof(TimetablePlanning.NextDue))]
[JsonSerializable(typeof(TimetablePlanning.LeaderRose))]
[JsonSerializable(typeof(TimetablePlanning.GetLeader))]
[JsonSerializable(typeof(TimetablePlanning.LeaderView))]
[JsonSerializable(typeof(CalendarPlanning.SetCalendar))]
[JsonSerializable(typeof(CalendarPlanning.CalendarNoted))]
[JsonSerializable(typeof(CalendarPlanning.GetCalendarUse))]
[JsonSerializable(typeof(CalendarPlanning.CalendarUse))]
[JsonSerializable(typeof(AgendaPlanning.ReadAgenda))]
[JsonSerializable(typeof(AgendaPlanning.AgendaPage))]
[JsonSerializable(typeof(AgendaPlanning.EndAgenda))]
[JsonSerializable(typeof(TimetableCommands.Cancel))]
[JsonSerializable(typeof(TimetableCommands.GetExecution))]
[JsonSerializable(typeof(TimetableCommands.GetPlan))]
[JsonSerializable(typeof(TimetableCommands.StartBackfill))]
[JsonSerializable(typeof(TimetableCommands.CancelBackfill))]
[JsonSerializable(typeof(TimetableCommands.GetBackfill))]
[JsonSerializable(typeof(CallbackCommands.Find))]
[JsonSerializable(typeof(CallbackCommands.Complete))]
[JsonSerializable(typeof(CallbackCommands.Beat))]
[JsonSerializable(typeof(CallbackReplies.Found))]
[JsonSerializable(typeof(CallbackReplies.Noted))]
[JsonSerializable(typeof(TimetableFacts.AttemptFinished))]
[JsonSerializable(typeof(TimetableFacts.AttemptNoted))]
[JsonSerializable(typeof(TimetableFacts.AttemptTold))]
[JsonSerializable(typeof(TimetableCommands.DropDeadLetter))]
[JsonSerializable(typeof(TimetableReplies.Dropped))]
[JsonSerializable(typeof(TimetableReplies.Started))]
[JsonSerializable(typeof(TimetableReplies.Live))]
[JsonSerializable(typeof(TimetableReplies.Plan))]
[JsonSerializable(typeof(TimetableReplies.BackfillView))]
internal sealed partial class JobsJson : JsonSerializerContext;
