using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>What becomes of a backfill whose job changes while it runs.</summary>
public sealed class TimetableBackfillTests
{
    private static readonly JobDefinition Hourly = TimetableBench.Definition("0 * * * *");

    private readonly TimetableBench _bench = new();

    [Theory]
    [InlineData(PlanState.Disabled)]
    [InlineData(PlanState.Paused)]
    public void It_stands_still_while_its_job_is_switched_off_or_paused_and_goes_on_after(PlanState stopped)
    {
        _bench.Planned(Hourly);
        var operation = Begun(5);
        _bench.Planned(Hourly, version: 2, state: stopped);
        _bench.Finish();
        _bench.Crash();
        _bench.Pass(TimeSpan.FromMinutes(1));
        Assert.Empty(_bench.Plan.Running);
        _bench.Planned(Hourly, version: 3);
        Assert.Single(_bench.Plan.Running);
        FinishAll();
        Assert.Equal(("done", 5L, 5L, null), End(operation));
    }

    [Fact]
    public void It_goes_on_when_a_pause_ends_by_itself()
    {
        _bench.Planned(Hourly);
        var operation = Begun(5);
        _bench.Planned(Hourly, version: 2, state: PlanState.Paused, until: TimetableBench.Start.AddMinutes(5));
        _bench.Finish();
        _bench.Pass(TimeSpan.FromMinutes(4));
        Assert.Empty(_bench.Plan.Running);
        _bench.Pass(TimeSpan.FromMinutes(2));
        Assert.Single(_bench.Plan.Running);
        FinishAll();
        Assert.Equal(("done", 5L, 5L, null), End(operation));
    }

    [Theory]
    [InlineData(PlanState.Disabled, "the job is disabled")]
    [InlineData(PlanState.Paused, "the job is paused")]
    public void It_cannot_be_begun_while_its_job_is_switched_off_or_paused(PlanState stopped, string reason)
    {
        _bench.Planned(Hourly, state: stopped);
        var refused = Assert.IsType<JobReplies.Refused>(_bench.Do(t => t.StartBackfill(Range(5), _bench.Now)));
        Assert.Equal(RejectionCode.Conflict, refused.Rejection.Code);
        Assert.StartsWith(reason, refused.Rejection.Message, StringComparison.Ordinal);
        Assert.Empty(_bench.Journal.OfType<BackfillStarted>());
    }

    /// <summary>Its range had other slots when they were counted: to go on with those of the new schedule would run what nobody asked for.</summary>
    [Fact]
    public void It_ends_with_its_reason_when_the_schedule_changes_and_what_runs_goes_on()
    {
        _bench.Planned(Hourly);
        var operation = Begun(5);
        _bench.Planned(TimetableBench.Definition("*/5 * * * *"), version: 2);
        Assert.Single(_bench.Plan.Running);
        _bench.Crash();
        FinishAll();
        Assert.Equal(("cancelled", 1L, 1L, "the schedule of the job was changed"), End(operation));
        Assert.Single(_bench.Journal.OfType<ExecutionStarted>());
    }

    [Fact]
    public void It_goes_on_when_something_else_of_the_job_changes()
    {
        _bench.Planned(Hourly);
        var operation = Begun(5);
        _bench.Planned(Hourly with { Payload = "\"other\"" }, version: 2);
        FinishAll();
        Assert.Equal(("done", 5L, 5L, null), End(operation));
    }

    [Fact]
    public void It_ends_with_its_reason_when_a_calendar_of_the_job_changes()
    {
        var job = Hourly with { Schedule = Hourly.Schedule! with { Calendars = ["holidays"] } };
        _bench.Do(t => t.SetCalendar(Calendar(1, "2020-01-01"), _bench.Now));
        _bench.Planned(job);
        var operation = Begun(5);
        _bench.Do(t => t.SetCalendar(Calendar(2, "2026-03-02"), _bench.Now));
        FinishAll();
        Assert.Equal(("cancelled", 1L, 1L, "the calendar holidays was changed"), End(operation));
    }

    private static CalendarPlanning.SetCalendar Calendar(long version, string date)
    {
        return new CalendarPlanning.SetCalendar(7, TenantId.Default, "holidays", version, Calendars.Calendars.Valid($$"""{"name":"holidays","dates":["{{date}}"]}"""));
    }

    private static TimetableCommands.StartBackfill Range(int hours) =>
        new(TimetableBench.Job, TimetableBench.Start.AddHours(-hours), TimetableBench.Start, 1, Principal.System, null);

    private string Begun(int hours) => Assert.IsType<TimetableReplies.BackfillView>(_bench.Do(t => t.StartBackfill(Range(hours), _bench.Now))).Operation;

    private void FinishAll()
    {
        while (_bench.Plan.Running.Values.FirstOrDefault() is { } running)
        {
            _bench.Finish(_bench.Offered.Last(o => o.Execution == running.Id));
        }
    }

    private (string Status, long Started, long Succeeded, string? Reason) End(string operation)
    {
        var view = Assert.IsType<TimetableReplies.BackfillView>(_bench.Do(t => t.GetBackfill(new TimetableCommands.GetBackfill(TimetableBench.Job, operation))));
        return (view.Status, view.Started, view.Succeeded, view.Reason);
    }
}
