using System.Diagnostics.Metrics;
using Akka.Actor;
using Chronos.Actors.Jobs;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Journal;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Chronos.Tests.Actors.Jobs;

/// <summary>A leader, a timetable and a worker whose time is over, each made and let act.</summary>
public sealed class StaleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_the_clock_of_a_leader_says_settles_nothing_be_it_stale_or_not()
    {
        await using var jobs = await JobsHarness.Start(_folder.Location);
        var job = await jobs.Create(JobsHarness.Definition("yearly", "0 0 1 1 *"));
        var number = TimetableNumbers.Of(job.Id);
        await jobs.WaitUntil(() => View(jobs).Timetables.Any(t => t.Timetable == number));
        var (epoch, later) = (View(jobs).Epoch, DateTimeOffset.UtcNow.AddDays(400));

        jobs.Timetables.Tell(new TimetablePlanning.Tick(number, epoch - 1, later));
        var before = await NextOf(jobs, job.Id);
        Assert.True(before < later, $"{before}");

        // The leader that reigns wakes it, and it finds by its own clock that nothing is due.
        jobs.Timetables.Tell(new TimetablePlanning.Tick(number, epoch, later));
        Assert.Equal(before, await NextOf(jobs, job.Id));
        Assert.Empty(jobs.Offered);
    }

    [Fact]
    public async Task A_stale_timetable_claims_nothing_and_answers_nobody()
    {
        await using var jobs = await JobsHarness.Start(_folder.Location);
        jobs.Answers = false;
        var job = await jobs.Create(JobsHarness.Definition("once", "0 0 1 1 *"));
        using var meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var recorder = ActorRegistryOf(jobs);
        var settings = new TimetableSettings(
            "second", TimeProvider.System, new JobsMetrics(meters.GetRequiredService<IMeterFactory>(), "second"), () => ActorRefs.Nobody, _ => recorder);
        var second = jobs.System.ActorOf(Props.Create(() => new TimetableActor(TimetableNumbers.Of(job.Id), settings)), "second");
        var claimed = ExecutionId.ForRun(job.Id, "01JQZZZZZZZZZZZZZZZZZZZZZZ");
        var run = new TimetablePlanning.RunNow(job.Id, claimed, null, TriggerForce.Respect, ExecutionTrigger.Manual, null, JobsHarness.Ann, null);
        Assert.IsType<TimetableReplies.Started>(await jobs.Ask(second, run));

        // The first has not heard of it. What it decides now meets the fence.
        var refused = new JobCommands.Trigger(TenantId.Default, job.Id, null, TriggerForce.Override, ExecutionTrigger.Manual, null, JobsHarness.Ann, null);
        await Assert.ThrowsAsync<AskTimeoutException>(() => jobs.Jobs.Ask<object>(refused, TimeSpan.FromSeconds(2)));
        Assert.All(jobs.Offered, o => Assert.Equal(claimed, o.Attempt.Execution));

        // It is gone; the next incarnation knows what the second did.
        var plan = Assert.IsType<TimetableReplies.Plan>(await jobs.Ask(jobs.Timetables, new TimetableCommands.GetPlan(job.Id)));
        Assert.Equal(claimed, Assert.Single(plan.InFlight).Id);
    }

    [Fact]
    public async Task A_stale_worker_ends_nothing()
    {
        await using var jobs = await JobsHarness.Start(_folder.Location);
        jobs.Answers = false;
        var job = await jobs.Create(JobsHarness.Definition("once", "0 0 1 1 *"));
        var run = new JobCommands.Trigger(TenantId.Default, job.Id, null, TriggerForce.Respect, ExecutionTrigger.Manual, null, JobsHarness.Ann, null);
        var execution = Assert.IsType<TimetableReplies.Started>(await jobs.Ask(jobs.Jobs, run)).Execution.Id;
        await jobs.WaitUntil(() => jobs.Offered.Count == 1);
        await Ends(jobs, job.Id, execution, 1, FailureClass.Lost);
        await jobs.WaitUntil(() => jobs.Offered.Count == 2);

        // The worker of the attempt that was given up comes back and says that all went well.
        await Ends(jobs, job.Id, execution, 1, FailureClass.None);
        var live = Assert.IsType<TimetableReplies.Live>(await jobs.Ask(jobs.Timetables, new TimetableCommands.GetExecution(job.Id, execution))).Execution;
        Assert.Equal((ExecutionStatus.Running, 2), (live.Status, live.Attempts[^1].Number));
        Assert.Equal(FailureClass.Lost, live.Attempts[0].Failure);

        await Ends(jobs, job.Id, execution, 2, FailureClass.None);
        Assert.IsType<JobReplies.Refused>(await jobs.Ask(jobs.Timetables, new TimetableCommands.GetExecution(job.Id, execution)));
    }

    private static async Task Ends(JobsHarness jobs, JobId job, ExecutionId execution, int attempt, FailureClass failure) =>
        Assert.IsType<TimetableFacts.AttemptNoted>(await jobs.Ask(jobs.Timetables, new TimetableFacts.AttemptFinished(
            job, execution, attempt, new AttemptOutcome(failure, DateTimeOffset.UtcNow, TimeSpan.FromMilliseconds(1), null, null, null, null))));

    private static async Task<DateTimeOffset?> NextOf(JobsHarness jobs, JobId job) =>
        Assert.IsType<TimetableReplies.Plan>(await jobs.Ask(jobs.Timetables, new TimetableCommands.GetPlan(job))).NextAt;

    private static IActorRef ActorRegistryOf(JobsHarness jobs) => Akka.Hosting.ActorRegistry.For(jobs.System).Get<JobsHarness.Recorder>();

    private static TimetablePlanning.LeaderView View(JobsHarness jobs) =>
        (TimetablePlanning.LeaderView)jobs.Ask(jobs.Leader, new TimetablePlanning.GetLeader()).GetAwaiter().GetResult();
}
