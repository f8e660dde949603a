using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Jobs;

public sealed class JobsSpineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_job_that_was_created_fires_each_second_once_and_never_early()
    {
        await using var jobs = await JobsHarness.Start(_folder.Location);
        await jobs.Create(JobsHarness.Definition("tick", "* * * * * *"));
        await jobs.WaitUntil(() => jobs.Offered.Count >= 3);
        var seen = jobs.Offered.ToList();
        Assert.Equal(seen.Count, seen.Select(s => s.Attempt.Execution).Distinct().Count());
        Assert.All(seen, s => Assert.True(s.At >= s.Attempt.ScheduledAt, $"{s.At:O} is before {s.Attempt.ScheduledAt:O}"));
        Assert.All(seen.Zip(seen.Skip(1)), p => Assert.Equal(TimeSpan.FromSeconds(1), p.Item2.Attempt.ScheduledAt - p.Item1.Attempt.ScheduledAt));
    }

    [Fact]
    public async Task What_was_acknowledged_is_there_after_a_restart_and_what_was_in_flight_is_offered_again()
    {
        ExecutionId execution;
        await using (var jobs = await JobsHarness.Start(_folder.Location))
        {
            jobs.Answers = false;
            var job = await jobs.Create(JobsHarness.Definition("once", "0 0 1 1 *"));
            var reply = await jobs.Ask(jobs.Jobs, new JobCommands.Trigger(
                TenantId.Default, job.Id, """{"n":1}""", TriggerForce.Respect, ExecutionTrigger.Manual, null, JobsHarness.Ann, null));
            execution = Assert.IsType<TimetableReplies.Started>(reply).Execution.Id;
            await jobs.WaitUntil(() => jobs.Offered.Count == 1);
        }

        await using (var jobs = await JobsHarness.Start(_folder.Location))
        {
            await jobs.WaitUntil(() => jobs.Offered.Count == 1);
            jobs.Offered.TryPeek(out var again);
            Assert.Equal((execution, 2, """{"n":1}"""), (again.Attempt.Execution, again.Attempt.Attempt, again.Attempt.Payload));
            var leader = (TimetablePlanning.LeaderView)await jobs.Ask(jobs.Leader, new TimetablePlanning.GetLeader());
            Assert.Equal(2, leader.Epoch);
        }
    }

    [Fact]
    public async Task A_job_is_created_once_changed_under_its_version_and_deleted()
    {
        await using var jobs = await JobsHarness.Start(_folder.Location);
        var definition = JobsHarness.Definition("ledger", "0 0 1 1 *");
        var job = await jobs.Create(definition);
        Assert.Equal((1, 1, PlanState.Active), (job.Version, job.Revision, job.State));
        var again = await jobs.Ask(jobs.Jobs, new JobCommands.Create(TenantId.Default, job.Id, definition, JobsHarness.Ann, null));
        Assert.Equal(RejectionCode.AlreadyExists, Assert.IsType<JobReplies.Refused>(again).Rejection.Code);

        var stale = await jobs.Ask(jobs.Jobs, new JobCommands.Replace(TenantId.Default, job.Id, definition with { Description = "x" }, "replace", JobsHarness.Ann, null, 7));
        Assert.Equal(RejectionCode.PreconditionFailed, Assert.IsType<JobReplies.Refused>(stale).Rejection.Code);
        var revised = await jobs.Ask(jobs.Jobs, new JobCommands.Replace(TenantId.Default, job.Id, definition with { Description = "x" }, "replace", JobsHarness.Ann, null, 1));
        Assert.Equal(2, Assert.IsType<JobReplies.Accepted>(revised).Job.Revision);
        var back = await jobs.Ask(jobs.Jobs, new JobCommands.Rollback(TenantId.Default, job.Id, 1, JobsHarness.Ann, null, null));
        Assert.Equal((3, null), (Assert.IsType<JobReplies.Accepted>(back).Job.Revision, ((JobReplies.Accepted)back).Job.Definition.Description));

        var delete = new JobCommands.Delete(TenantId.Default, job.Id, JobsHarness.Ann, new RequestMark("k", "f"), null);
        Assert.IsType<JobReplies.Accepted>(await jobs.Ask(jobs.Jobs, delete));
        Assert.True(Assert.IsType<JobReplies.Accepted>(await jobs.Ask(jobs.Jobs, delete)).Replayed);
        var gone = await jobs.Ask(jobs.Jobs, new JobCommands.Get(TenantId.Default, job.Id));
        Assert.Equal(RejectionCode.NotFound, Assert.IsType<JobReplies.Refused>(gone).Rejection.Code);
        Assert.Equal(4, (await jobs.Create(definition)).Revision);
    }
}
