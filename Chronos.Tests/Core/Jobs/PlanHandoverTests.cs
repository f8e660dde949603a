using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>When a job answers, and what it says to who asks the same again.</summary>
public sealed class PlanHandoverTests
{
    private static readonly DateTimeOffset Now = TimetableBench.Start;
    private static readonly JobId Job = TimetableBench.Job;
    private static readonly RequestMark Resume = new("resume", "print");
    private readonly PlanHandover<string> _handover = new();
    private JobState _state = JobState.Empty;

    public PlanHandoverTests()
    {
        Do(new JobEvents.Created(TenantId.Default, Job, 1, 1, TimetableBench.Definition("* * * * *"), Principal.System, Now, null));
        Do(new JobEvents.Paused(TenantId.Default, Job, 2, null, null, Principal.System, Now, null));
        Do(new JobEvents.Resumed(TenantId.Default, Job, 3, MisfireRule.All, Principal.System, Now, Resume));
    }

    [Fact]
    public void A_resume_says_what_its_plan_found_and_the_same_when_it_is_repeated_after_another_pause()
    {
        Assert.Null(_handover.Answer("ann", _state, true, Now));
        Assert.False(_handover.IsDone(_state));
        var (_, first) = Assert.Single(_handover.Note(new TimetablePlanning.PlanNoted(Job, 3, 7, 5), Now));
        Assert.Equal((7, 5), (first.Missed, first.CaughtUp));

        Do(new JobEvents.Paused(TenantId.Default, Job, 4, null, null, Principal.System, Now, null));
        _handover.Note(new TimetablePlanning.PlanNoted(Job, 4, null, null), Now);
        Assert.True(_handover.IsDone(_state));

        // Only the timetable knows; it is asked by the plan of then, until it answers.
        Assert.Null(_handover.Repeat("ann", _state.Requests[0], true, Now));
        Assert.False(_handover.IsDone(_state));
        Assert.Equal([3, 4], _handover.PlansOf(_state).Cast<TimetablePlanning.SetPlan>().Select(p => p.Version));
        Assert.Empty(_handover.Note(new TimetablePlanning.PlanNoted(Job, 4, null, null), Now));
        var (to, again) = Assert.Single(_handover.Note(new TimetablePlanning.PlanNoted(Job, 3, 7, 5), Now));
        Assert.Equal(("ann", first with { Replayed = true }), (to, again));
        Assert.True(_handover.IsDone(_state));
    }

    [Fact]
    public void What_a_resume_found_is_absent_when_the_timetable_has_forgotten_it()
    {
        _handover.Note(new TimetablePlanning.PlanNoted(Job, 3, null, null), Now);
        Assert.Null(_handover.Repeat("ann", _state.Requests[0], true, Now));
        var (_, again) = Assert.Single(_handover.Note(new TimetablePlanning.PlanNoted(Job, 3, null, null), Now));
        Assert.Equal((null, null), (again.Missed, again.CaughtUp));
    }

    [Fact]
    public void A_repetition_waits_for_the_plan_of_what_it_repeats_and_for_nothing_later()
    {
        Do(new JobEvents.Switched(TenantId.Default, Job, 4, true, Principal.System, Now, new RequestMark("switch", "print")));
        Do(new JobEvents.Paused(TenantId.Default, Job, 5, null, null, Principal.System, Now, null));
        Assert.Null(_handover.Repeat("ann", _state.Requests[1], false, Now));
        Assert.Empty(_handover.Note(new TimetablePlanning.PlanNoted(Job, 3, null, null), Now));
        var (_, reply) = Assert.Single(_handover.Note(new TimetablePlanning.PlanNoted(Job, 4, null, null), Now));
        Assert.Equal((4, PlanState.Active, true), (reply.Job.Version, reply.Job.State, reply.Replayed));

        // One that found no pause said that nothing was missed.
        Assert.Equal((0, 0), (_handover.Repeat("ann", _state.Requests[1], true, Now)!.Missed, _handover.Repeat("ann", _state.Requests[1], true, Now)!.CaughtUp));
    }

    private void Do(IJobEvent happened) => _state = _state.Apply(happened);
}
