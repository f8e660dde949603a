using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>A request that is repeated under its key.</summary>
public sealed class JobDeciderTests
{
    private static readonly TenantId Tenant = TenantId.Default;
    private static readonly JobId Job = TimetableBench.Job;
    private static readonly Principal Ann = new("ann");
    private static readonly RequestMark First = new("first", "print");
    private JobState _state = JobState.Empty;

    [Fact]
    public void An_enable_that_found_the_job_enabled_does_not_enable_it_when_it_is_repeated_after_a_disable()
    {
        Do(new JobCommands.Create(Tenant, Job, TimetableBench.Definition("* * * * *"), Ann, null));
        Assert.False(Do(new JobCommands.Switch(Tenant, Job, true, Ann, First, null)).Replayed);
        Do(new JobCommands.Switch(Tenant, Job, false, Ann, new RequestMark("second", "print"), null));
        Assert.True(Do(new JobCommands.Switch(Tenant, Job, true, Ann, First, null)).Replayed);
        Assert.Equal(PlanState.Disabled, _state.PlanStateAt(TimetableBench.Start));
    }

    [Fact]
    public void A_resume_that_found_no_pause_does_not_end_one_when_it_is_repeated()
    {
        Do(new JobCommands.Create(Tenant, Job, TimetableBench.Definition("* * * * *"), Ann, null));
        Do(new JobCommands.Resume(Tenant, Job, MisfireRule.All, Ann, First, null));
        Do(new JobCommands.Pause(Tenant, Job, null, null, Ann, null, null));
        Assert.True(Do(new JobCommands.Resume(Tenant, Job, MisfireRule.All, Ann, First, null)).Replayed);
        Assert.Equal(PlanState.Paused, _state.PlanStateAt(TimetableBench.Start));
    }

    [Fact]
    public void Without_a_key_nothing_is_written_where_nothing_changes()
    {
        Do(new JobCommands.Create(Tenant, Job, TimetableBench.Definition("* * * * *"), Ann, null));
        Assert.Same(JobDecision.Unchanged, Do(new JobCommands.Switch(Tenant, Job, true, Ann, null, null)));
        Assert.Same(JobDecision.Unchanged, Do(new JobCommands.Resume(Tenant, Job, MisfireRule.All, Ann, null, null)));
    }

    [Fact]
    public void A_rollback_leaves_the_switch_as_it_is()
    {
        Do(new JobCommands.Create(Tenant, Job, TimetableBench.Definition("* * * * *"), Ann, null));
        Do(new JobCommands.Replace(Tenant, Job, TimetableBench.Definition("0 * * * *"), "replace", Ann, null, null));
        Do(new JobCommands.Switch(Tenant, Job, false, Ann, null, null));
        Assert.Same(JobDecision.Unchanged, Do(new JobCommands.Rollback(Tenant, Job, 2, Ann, null, null)));
        Do(new JobCommands.Rollback(Tenant, Job, 1, Ann, null, null));
        Assert.Equal((false, "* * * * *"), (_state.Definition!.Enabled, _state.Definition.Schedule!.Cron));
    }

    [Fact]
    public void A_creation_that_is_repeated_after_the_job_was_deleted_is_refused_and_says_so()
    {
        var create = new JobCommands.Create(Tenant, Job, TimetableBench.Definition("* * * * *"), Ann, First);
        Do(create);
        Assert.True(Do(create).Replayed);
        Do(new JobCommands.Delete(Tenant, Job, Ann, null, null));
        Assert.Contains("deleted since", Do(create).Rejection!.Message);
        Assert.Contains("another request", Do(create with { Request = First with { Fingerprint = "other" } }).Rejection!.Message);
    }

    [Fact]
    public void A_repeated_change_is_answered_with_the_job_as_that_change_left_it_whatever_came_after()
    {
        Do(new JobCommands.Create(Tenant, Job, TimetableBench.Definition("* * * * *"), Ann, null));
        var replace = new JobCommands.Replace(Tenant, Job, TimetableBench.Definition("0 * * * *"), "replace", Ann, First, 1);
        Do(replace);
        var left = _state;
        Do(new JobCommands.Replace(Tenant, Job, TimetableBench.Definition("1 * * * *"), "replace", Ann, null, null));
        var again = Do(replace);
        Assert.Null(again.Event);
        Assert.Equal(left.Snapshot(TimetableBench.Start), again.Repeated!.Left.Snapshot(TimetableBench.Start));
        Assert.Empty(again.Repeated.Left.Requests);
    }

    [Fact]
    public void A_deletion_that_is_repeated_late_does_not_delete_the_job_that_was_made_anew()
    {
        Do(new JobCommands.Create(Tenant, Job, TimetableBench.Definition("* * * * *"), Ann, null));
        var delete = new JobCommands.Delete(Tenant, Job, Ann, First, null);
        Do(delete);
        Assert.True(Do(delete).Replayed);
        Do(new JobCommands.Create(Tenant, Job, TimetableBench.Definition("0 * * * *"), Ann, null));
        Assert.True(Do(delete).Replayed);
        Assert.NotNull(_state.Definition);
    }

    [Fact]
    public void What_was_done_to_a_job_of_before_is_not_answered_as_true_of_the_one_that_was_made_anew()
    {
        var create = new JobCommands.Create(Tenant, Job, TimetableBench.Definition("* * * * *"), Ann, First);
        Do(create);
        Do(new JobCommands.Delete(Tenant, Job, Ann, null, null));
        Do(create with { Request = new RequestMark("anew", "print") });
        var refused = Do(create).Rejection!;
        Assert.Equal(RejectionCode.Conflict, refused.Code);
        Assert.Contains("'first'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("deleted since", refused.Message, StringComparison.Ordinal);
        Assert.True(JobDecider.Recall(_state, new RequestMark("anew", "print"))!.Replayed);
        Assert.Null(JobDecider.Recall(_state, new RequestMark("other", "print")));
        Assert.Null(JobDecider.Recall(_state, null));
    }

    [Fact]
    public void Keys_are_forgotten_the_oldest_first()
    {
        Do(new JobCommands.Create(Tenant, Job, TimetableBench.Definition("* * * * *"), Ann, First));
        for (var i = 0; i < JobState.RememberedRequests; i++)
        {
            Assert.NotNull(JobDecider.Recall(_state, First));
            Do(new JobCommands.Pause(Tenant, Job, null, null, Ann, new RequestMark($"k{i}", "print"), null));
        }

        Assert.Null(JobDecider.Recall(_state, First));
        Assert.NotNull(JobDecider.Recall(_state, new RequestMark("k0", "print")));
    }

    private JobDecision Do(IJobChange change)
    {
        var decision = JobDecider.Decide(_state, change, TimetableBench.Start);
        _state = decision.Event is { } happened ? _state.Apply(happened) : _state;
        return decision;
    }
}
