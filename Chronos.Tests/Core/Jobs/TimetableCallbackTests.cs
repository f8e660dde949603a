using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>Attempts that their target ends by callback.</summary>
public sealed class TimetableCallbackTests
{
    private static readonly JobDefinition Hourly = TimetableBench.Definition("0 * * * *") with
    {
        Target = new DispatchTarget(Protocol.Http, """{"url":"http://127.0.0.1/","callback":{"timeout":"10m"}}"""),
    };

    private readonly TimetableBench _bench = new();

    private string Token => _bench.Offered[^1].Callback!.Token.Hash;

    [Fact]
    public void An_accepted_attempt_runs_until_its_callback_ends_the_execution_with_what_it_reported()
    {
        Accepted();
        Assert.Empty(_bench.Journal.OfType<AttemptEnded>());
        Assert.True(Assert.Single(_bench.Plan.Running.Values).IsAwaited);

        _bench.Pass(TimeSpan.FromMinutes(5));
        var noted = Assert.IsType<CallbackReplies.Noted>(Complete(Token, excerpt: "42"));

        Assert.Equal(ExecutionStatus.Succeeded, noted.Status);
        var ended = Assert.Single(_bench.Journal.OfType<AttemptEnded>());
        Assert.Equal((FailureClass.None, "42", 200, Token), (ended.Failure, ended.Excerpt, ended.StatusCode, ended.Callback));
        Assert.Equal(TimeSpan.FromMinutes(5).TotalMilliseconds, ended.DurationMs);
        Assert.Equal(ExecutionStatus.Succeeded, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
    }

    [Fact]
    public void The_journal_holds_the_hash_of_a_token_and_never_the_token()
    {
        Accepted();
        var text = string.Concat(_bench.Journal.Select(item => JsonSerializer.Serialize(item)));

        Assert.Contains(Token, text, StringComparison.Ordinal);
        Assert.DoesNotContain(_bench.Offered[^1].Callback!.Token.Text[^43..], text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_is_good_once()
    {
        Accepted();
        var token = Token;
        Complete(token);

        Assert.Equal(RejectionCode.Conflict, Refused(Complete(token)));
        Assert.Equal(RejectionCode.Conflict, Refused(Beat(token)));
        Assert.Equal(RejectionCode.Conflict, Refused(_bench.Do(t => t.FindCallback(new CallbackCommands.Find(TimetableBench.Job, token)))));
        Assert.Single(_bench.Journal.OfType<ExecutionEnded>());
    }

    [Fact]
    public void A_token_that_nobody_was_given_or_of_another_job_is_unknown()
    {
        Accepted();

        Assert.Equal(RejectionCode.NotFound, Refused(Complete("guess")));
        Assert.Equal(RejectionCode.NotFound, Refused(_bench.Do(t => t.CompleteCallback(
            new CallbackCommands.Complete(JobId.For(TenantId.Default, "other"), Token, new CallbackResult(FailureClass.None, null, null, null)), _bench.Now))));
        Assert.Single(_bench.Plan.Running);
    }

    [Fact]
    public void Silence_fails_the_attempt_and_it_is_tried_again_with_a_new_token()
    {
        Accepted();
        var first = Token;
        _bench.Pass(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(1));
        Assert.Empty(_bench.Journal.OfType<AttemptEnded>());
        _bench.Pass(TimeSpan.FromSeconds(5));

        var ended = Assert.Single(_bench.Journal.OfType<AttemptEnded>());
        Assert.Equal(FailureClass.Timeout, ended.Failure);
        Assert.Contains("no callback came by 2026-03-02T11:10:00Z", ended.Error, StringComparison.Ordinal);
        Assert.Equal(2, _bench.Offered[^1].Attempt);
        Assert.NotEqual(first, Token);
        Assert.Equal(RejectionCode.Gone, Refused(Complete(first)));
        Assert.IsType<CallbackReplies.Found>(_bench.Do(t => t.FindCallback(new CallbackCommands.Find(TimetableBench.Job, Token))));
    }

    [Fact]
    public void Heartbeats_put_the_expiry_off_and_carry_progress()
    {
        Accepted();
        for (var minute = 0; minute < 30; minute += 9)
        {
            _bench.Pass(TimeSpan.FromMinutes(9));
            Assert.Equal(_bench.Now.AddMinutes(10), Assert.IsType<CallbackReplies.Noted>(Beat(Token, minute, "step")).ExpiresAt);
        }

        var live = Assert.Single(Assert.IsType<TimetableReplies.Plan>(_bench.Do(t => t.GetPlan(new TimetableCommands.GetPlan(TimetableBench.Job), 1))).InFlight);
        Assert.Equal((ExecutionStatus.Running, 27, "step"), (live.Status, live.Attempts[0].Progress!.Percent, live.Attempts[0].Progress!.Message));
        Assert.Equal(_bench.Now.AddMinutes(10), live.Attempts[0].Callback!.ExpiresAt);
        Assert.Empty(_bench.Journal.OfType<AttemptEnded>());
    }

    [Fact]
    public void Heartbeats_in_a_hurry_are_answered_and_not_each_written_down()
    {
        Accepted();
        for (var n = 0; n < 100; n++)
        {
            _bench.SetClock(_bench.Now.AddMilliseconds(100));
            Assert.IsType<CallbackReplies.Noted>(Beat(Token));
        }

        Assert.InRange(_bench.Journal.OfType<AttemptProgressed>().Count(), 9, 11);
    }

    [Theory]
    [InlineData(FailureClass.ServerError, ExecutionStatus.Pending, 2)]
    [InlineData(FailureClass.ClientError, ExecutionStatus.Failed, 1)]
    public void A_reported_failure_is_tried_again_unless_the_target_says_that_it_would_not_help(FailureClass failure, ExecutionStatus status, int attempts)
    {
        Accepted();
        var noted = Assert.IsType<CallbackReplies.Noted>(Complete(Token, failure));

        Assert.Equal(status, noted.Status);
        _bench.Pass(TimeSpan.FromSeconds(5));
        Assert.Equal(attempts, _bench.Offered[^1].Attempt);
    }

    [Fact]
    public void A_callback_that_overtakes_the_answer_of_the_dispatcher_counts_and_the_answer_changes_nothing()
    {
        _bench.Planned(Hourly).Pass(TimeSpan.FromHours(1));
        var attempt = _bench.Offered[^1];
        Complete(Token);
        _bench.Finish(attempt);

        Assert.Equal(ExecutionStatus.Succeeded, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
        Assert.Empty(_bench.Journal.OfType<AttemptAccepted>());
    }

    [Fact]
    public void An_answer_that_is_told_twice_does_not_put_the_expiry_off()
    {
        Accepted();
        _bench.Pass(TimeSpan.FromMinutes(9));
        _bench.Finish();

        Assert.Single(_bench.Journal.OfType<AttemptAccepted>());
    }

    [Fact]
    public void A_target_that_does_not_accept_fails_the_attempt_as_ever()
    {
        _bench.Planned(Hourly).Pass(TimeSpan.FromHours(1));
        var token = Token;
        _bench.Finish(FailureClass.ServerError);

        Assert.Equal(FailureClass.ServerError, Assert.Single(_bench.Journal.OfType<AttemptEnded>()).Failure);
        Assert.Equal(RejectionCode.Gone, Refused(Complete(token)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_crash_keeps_what_waits_sends_nothing_again_and_still_expires(bool fromSnapshot)
    {
        Accepted();
        var token = Token;
        _bench.Pass(TimeSpan.FromMinutes(2));
        _bench.Crash(fromSnapshot);
        Assert.Empty(_bench.Offered);
        Assert.IsType<CallbackReplies.Found>(_bench.Do(t => t.FindCallback(new CallbackCommands.Find(TimetableBench.Job, token))));

        _bench.Pass(TimeSpan.FromMinutes(9));
        Assert.Equal(FailureClass.Timeout, Assert.Single(_bench.Journal.OfType<AttemptEnded>()).Failure);
        _bench.Crash(fromSnapshot);
        Assert.Equal(RejectionCode.Gone, Refused(Complete(token)));
    }

    [Fact]
    public void What_was_on_its_way_at_a_crash_is_sent_again_and_either_token_ends_it()
    {
        _bench.Planned(Hourly).Pass(TimeSpan.FromHours(1));
        var first = Token;
        _bench.Crash();
        Assert.Equal(2, Assert.Single(_bench.Offered).Attempt);
        var second = Token;
        _bench.Finish();
        Complete(first);

        Assert.Equal(ExecutionStatus.Succeeded, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
        Assert.Equal(RejectionCode.Conflict, Refused(Complete(first)));
        Assert.Equal(RejectionCode.Gone, Refused(Complete(second)));
    }

    [Fact]
    public void A_target_that_has_spoken_has_the_attempt_even_if_nobody_saw_it_accept()
    {
        _bench.Planned(Hourly).Pass(TimeSpan.FromHours(1));
        var token = Token;
        Beat(token);
        _bench.Crash();

        Assert.Empty(_bench.Offered);
        Assert.Equal(ExecutionStatus.Succeeded, Assert.IsType<CallbackReplies.Noted>(Complete(token)).Status);
    }

    [Fact]
    public void Cancelling_what_waits_ends_it_at_once()
    {
        Accepted();
        var token = Token;
        _bench.Do(t => t.Cancel(new TimetableCommands.Cancel(TimetableBench.Job, _bench.Offered[0].Execution, new Principal("ann")), _bench.Now));

        Assert.Equal(ExecutionStatus.Cancelled, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
        Assert.Contains("ann", Assert.Single(_bench.Journal.OfType<AttemptEnded>()).Error, StringComparison.Ordinal);
        Assert.Empty(_bench.Stopped);
        Assert.Equal(RejectionCode.Gone, Refused(Complete(token)));
    }

    [Fact]
    public void What_is_accepted_while_it_is_being_cancelled_does_not_wait()
    {
        _bench.Planned(Hourly).Pass(TimeSpan.FromHours(1));
        _bench.Do(t => t.Cancel(new TimetableCommands.Cancel(TimetableBench.Job, _bench.Offered[0].Execution, new Principal("ann")), _bench.Now));
        _bench.Finish();

        Assert.Equal(ExecutionStatus.Cancelled, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
    }

    [Fact]
    public void The_deadline_of_the_execution_is_not_put_off_by_heartbeats()
    {
        _bench.Planned(Hourly with { Deadline = TimeSpan.FromMinutes(15) }).Pass(TimeSpan.FromHours(1));
        _bench.Finish();
        _bench.Pass(TimeSpan.FromMinutes(9));
        Beat(Token);
        _bench.Pass(TimeSpan.FromMinutes(6));

        Assert.Equal(ExecutionStatus.TimedOut, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
    }

    [Fact]
    public void A_newer_slot_that_replaces_what_waits_starts_at_once()
    {
        _bench.Planned(Hourly with
        {
            Target = new DispatchTarget(Protocol.Http, """{"url":"http://127.0.0.1/","callback":{"timeout":"9h"}}"""),
            Concurrency = ConcurrencyPolicy.Default with { Overlap = OverlapPolicy.Replace },
        }).Pass(TimeSpan.FromHours(1));
        _bench.Finish();
        _bench.Pass(TimeSpan.FromHours(1));

        Assert.Equal(["11:00:00", "12:00:00"], _bench.ClaimedAt);
        Assert.Equal(ExecutionStatus.Cancelled, Assert.Single(_bench.Journal.OfType<ExecutionEnded>()).Status);
    }

    [Fact]
    public void A_deleted_job_waits_for_nobody()
    {
        Accepted();
        _bench.Do(t => t.RemovePlan(new TimetablePlanning.RemovePlan(TimetableBench.Job, 9), _bench.Now));

        Assert.Null(_bench.Table.State.Find(TimetableBench.Job));
    }

    [Fact]
    public void Only_the_newest_spent_tokens_are_remembered()
    {
        _bench.Planned(Hourly);
        var first = "";
        for (var n = 0; n < SpentCallback.Kept + 3; n++)
        {
            _bench.Pass(TimeSpan.FromHours(1));
            _bench.Finish();
            first = n == 0 ? Token : first;
            Complete(Token);
        }

        Assert.Equal(SpentCallback.Kept, _bench.Plan.SpentCallbacks!.Value.Length);
        Assert.Equal(RejectionCode.NotFound, Refused(Complete(first)));
        Assert.Equal(RejectionCode.Conflict, Refused(Complete(Token)));
    }

    [Fact]
    public void The_items_of_callbacks_are_written_as_they_were_once_and_for_all()
    {
        Accepted();
        Beat(Token, 40, "half");
        Complete(Token);
        var items = _bench.Journal.Where(i => i is AttemptAccepted or AttemptProgressed).Select(item => JsonSerializer.Serialize(item, JobsJson.Default.TimetableItem)).ToList();

        Assert.Equal(
            [
                """{"k":"h","x":"@@2026-03-02T11:00:00Z","n":1,"a":1772449200000000,"b":1772449200000000,"l":1772449800000000,"c":200,"j":"@"}""",
                """{"k":"g","x":"@@2026-03-02T11:00:00Z","n":1,"a":1772449200000000,"l":1772449800000000,"p":40,"m":"half","j":"@"}""",
            ],
            items.Select(text => text.Replace(TimetableBench.Job.Value, "@", StringComparison.Ordinal)));
        Assert.All(items, text => Assert.Equal(text, JsonSerializer.Serialize(JsonSerializer.Deserialize(text, JobsJson.Default.TimetableItem)!, JobsJson.Default.TimetableItem)));
    }

    private void Accepted()
    {
        _bench.Planned(Hourly).Pass(TimeSpan.FromHours(1));
        _bench.Finish();
    }

    private ITimetableReply Complete(string hash, FailureClass failure = FailureClass.None, string? excerpt = null) => _bench.Do(t => t.CompleteCallback(
        new CallbackCommands.Complete(TimetableBench.Job, hash, new CallbackResult(failure, failure == FailureClass.None ? null : "no", excerpt, null)), _bench.Now));

    private ITimetableReply Beat(string hash, double? percent = null, string? message = null) =>
        _bench.Do(t => t.Heartbeat(new CallbackCommands.Beat(TimetableBench.Job, hash, percent, message), _bench.Now));

    private static RejectionCode Refused(ITimetableReply reply) => Assert.IsType<JobReplies.Refused>(reply).Rejection.Code;
}
