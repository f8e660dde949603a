using System.Collections.Immutable;
using System.Diagnostics;
using Chronos.Actors.Dispatching;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Compliance;

/// <summary>A request as the other side got it. Names of headers are lower case.</summary>
public sealed record Received(string Path, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>A real server that a dispatcher is tried against, and the sections of jobs that go to its corners.</summary>
public interface IComplianceTarget : IAsyncDisposable
{
    DispatchTarget Accepting { get; }

    /// <summary>Answers what its protocol has for <c>5xx</c>.</summary>
    DispatchTarget Failing { get; }

    /// <summary>Answers what its protocol has for <c>4xx</c>.</summary>
    DispatchTarget Rejecting { get; }

    /// <summary>Takes the request and never answers.</summary>
    DispatchTarget Silent { get; }

    /// <summary>The server is there; what the job names on it (method, topic, subject, stream, exchange) is not.</summary>
    DispatchTarget Missing { get; }

    /// <summary>What <see cref="Missing"/> is to be classified as.</summary>
    FailureClass MissingIs { get; }

    /// <summary>More bytes than the server takes.</summary>
    int TooManyBytes { get; }

    /// <summary>Nobody listens there.</summary>
    DispatchTarget Unreachable { get; }

    /// <summary>Accepts only the value <see cref="DispatcherCompliance.Secret"/>; the job names the secret.</summary>
    DispatchTarget Guarded(string secretName);

    /// <summary>Fails, and what comes of it repeats the secret that it was given, where the protocol has answers. The job lists the secret.</summary>
    DispatchTarget Leaking(string secretName);

    IReadOnlyList<Received> Received { get; }

    /// <summary>Ends the server at once, with its connections.</summary>
    Task KillAsync();

    /// <summary>Starts the killed server again under the same address.</summary>
    Task RestartAsync();
}

/// <summary>A target whose protocol has answers.</summary>
public interface IAnsweringTarget : IComplianceTarget
{
    /// <summary>Answers with more than an excerpt holds.</summary>
    DispatchTarget Oversized { get; }
}

/// <summary>What every dispatcher does. Inherited once per protocol; the hooks are abstract so that none is forgotten.</summary>
/// <remarks>A protocol with answers inherits <see cref="AnsweringDispatcherCompliance"/>.</remarks>
public abstract class DispatcherCompliance
{
    public const string Secret = TestSecret.Value;
    public const string WrongSecret = "not the one";

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    protected abstract Task<IComplianceTarget> StartTargetAsync();

    protected abstract IDispatcher CreateDispatcher(ISecretSource secrets);

    [Fact]
    public async Task A_success_is_proven_by_the_other_side()
    {
        await using var target = await StartTargetAsync();
        var outcome = await SendAsync(Attempt(target.Accepting) with { Payload = """{"n":7}""" });

        Assert.Equal(FailureClass.None, outcome.Failure);
        Assert.Null(outcome.Error);
        await Until(() => target.Received.Count > 0);
        var received = Assert.Single(target.Received);
        Assert.Equal("""{"n":7}""", received.Body);
    }

    [Fact]
    public async Task An_attempt_carries_its_identity_and_its_trace()
    {
        await using var target = await StartTargetAsync();
        var attempt = Attempt(target.Accepting) with { Attempt = 3 };
        await SendAsync(attempt);

        await Until(() => target.Received.Count > 0);
        var headers = Assert.Single(target.Received).Headers;
        Assert.Equal(attempt.Execution.Value, headers["idempotency-key"]);
        Assert.Equal(attempt.Execution.Value, headers["x-chronos-execution-id"]);
        Assert.Equal(attempt.Job.Value, headers["x-chronos-job-id"]);
        Assert.Equal("3", headers["x-chronos-attempt"]);
        Assert.Equal(Rfc3339.Format(attempt.ScheduledAt), headers["x-chronos-scheduled-time"]);
        Assert.Matches($"^00-{attempt.TraceId}-[0-9a-f]{{16}}-01$", headers["traceparent"]);
    }

    [Fact]
    public async Task The_token_and_the_address_of_a_callback_reach_the_target()
    {
        await using var target = await StartTargetAsync();
        var attempt = Attempt(target.Accepting);
        var token = CallbackToken.From(attempt.Job, new byte[CallbackToken.EntropyBytes]);
        var outcome = await SendAsync(attempt with { Callback = new CallbackTicket(token, new Uri($"http://node.example:8080/api/v1/callbacks/{token.Text}")) });

        Assert.Equal(FailureClass.None, outcome.Failure);
        await Until(() => target.Received.Count > 0);
        var headers = Assert.Single(target.Received).Headers;
        Assert.Equal(token.Text, headers["x-chronos-callback-token"]);
        Assert.Equal($"http://node.example:8080/api/v1/callbacks/{token.Text}", headers["x-chronos-callback-url"]);
        Assert.DoesNotContain(token.Text, $"{attempt} {outcome} {outcome.Excerpt}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_target_ends_as_a_timeout()
    {
        await using var target = await StartTargetAsync();
        var outcome = await SendAsync(Attempt(target.Silent) with { Timeout = TimeSpan.FromMilliseconds(250) });

        Assert.Equal(FailureClass.Timeout, outcome.Failure);
        Assert.InRange(outcome.Duration, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_cancelled_attempt_ends_at_once()
    {
        await using var target = await StartTargetAsync();
        using var stop = new CancellationTokenSource();
        var running = CreateAndSend(Attempt(target.Silent), stop.Token);
        await Until(() => target.Received.Count == 1);

        var clock = Stopwatch.StartNew();
        await stop.CancelAsync();
        var outcome = await running;

        Assert.Equal(FailureClass.Cancelled, outcome.Failure);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_target_that_nobody_serves_is_a_failure_to_connect()
    {
        await using var target = await StartTargetAsync();
        var outcome = await SendAsync(Attempt(target.Unreachable));

        Assert.Equal(FailureClass.Connect, outcome.Failure);
        Assert.NotNull(outcome.Error);
        Assert.DoesNotContain('\n', outcome.Error);
    }

    [Fact]
    public async Task A_target_that_dies_in_the_middle_is_a_failure_to_connect_and_is_reached_again_when_it_is_back()
    {
        await using var target = await StartTargetAsync();
        await using var sender = Sender();
        var running = sender.SendAsync(Attempt(target.Silent), CancellationToken.None);
        await Until(() => target.Received.Count == 1);
        await target.KillAsync();
        Assert.Equal(FailureClass.Connect, (await running).Failure);
        Assert.Equal(FailureClass.Connect, (await sender.SendAsync(Attempt(target.Accepting), CancellationToken.None)).Failure);

        await target.RestartAsync();
        var number = 2;
        AttemptOutcome outcome;
        do
        {
            outcome = await sender.SendAsync(Attempt(target.Accepting) with { Attempt = ++number }, CancellationToken.None);
        }
        while (outcome.Failure == FailureClass.Connect && number < 100);
        Assert.Equal(FailureClass.None, outcome.Failure);
        await Until(() => target.Received.Any(received => received.Headers["x-chronos-attempt"] == $"{number}"));
    }

    [Fact]
    public async Task Every_attempt_of_an_execution_has_the_same_key_and_its_own_number()
    {
        await using var target = await StartTargetAsync();
        await using var sender = Sender();
        foreach (var number in new[] { 1, 2, 3 })
        {
            // A broker that drops the repetition has understood the key.
            var outcome = await sender.SendAsync(Attempt(target.Accepting) with { Attempt = number }, CancellationToken.None);
            Assert.Equal(FailureClass.None, outcome.Failure);
        }

        await Until(() => target.Received.Count > 0);
        Assert.Single(target.Received.Select(received => received.Headers["idempotency-key"]).Distinct());
        Assert.Equal(target.Received.Count, target.Received.Select(received => received.Headers["x-chronos-attempt"]).Distinct().Count());
    }

    [Fact]
    public async Task Many_attempts_at_once_arrive_once_each()
    {
        await using var target = await StartTargetAsync();
        await using var sender = Sender();
        var attempts = Enumerable.Range(0, 200).Select(n => OfSlot(target.Accepting, n) with { Payload = $$"""{"n":{{n}}}""" }).ToList();
        var outcomes = await Task.WhenAll(attempts.Select(attempt => sender.SendAsync(attempt, CancellationToken.None)));

        Assert.All(outcomes, outcome => Assert.Equal((FailureClass.None, null), (outcome.Failure, outcome.Error)));
        await Until(() => target.Received.Count >= attempts.Count);
        Assert.Equal(
            attempts.Select(attempt => (attempt.Execution.Value, attempt.Payload)).Order(),
            target.Received.Select(received => (received.Headers["x-chronos-execution-id"], (string?)received.Body)).Order());
    }

    [Fact]
    public async Task A_payload_that_the_target_does_not_take_fails_for_good_and_harms_nobody_else()
    {
        await using var target = await StartTargetAsync();
        await using var sender = Sender();
        var huge = Attempt(target.Accepting) with { Payload = $"\"{new string('x', target.TooManyBytes)}\"" };
        var outcome = await sender.SendAsync(huge, CancellationToken.None);

        Assert.Contains(outcome.Failure, new[] { FailureClass.ClientError, FailureClass.Request });
        Assert.NotNull(outcome.Error);
        Assert.Equal(FailureClass.None, (await sender.SendAsync(OfSlot(target.Accepting, 1) with { Payload = "1" }, CancellationToken.None)).Failure);
        await Until(() => target.Received.Count > 0);
        Assert.Equal("1", Assert.Single(target.Received).Body);
    }

    [Fact]
    public async Task What_is_not_there_on_the_server_is_a_failure_that_says_so()
    {
        await using var target = await StartTargetAsync();
        var outcome = await SendAsync(Attempt(target.Missing));

        Assert.Equal(target.MissingIs, outcome.Failure);
        Assert.NotNull(outcome.Error);
    }

    [Fact]
    public async Task A_failure_of_the_server_can_be_tried_again_and_a_wrong_request_cannot()
    {
        await using var target = await StartTargetAsync();

        Assert.Equal(FailureClass.ServerError, (await SendAsync(Attempt(target.Failing))).Failure);
        Assert.Equal(FailureClass.ClientError, (await SendAsync(Attempt(target.Rejecting))).Failure);
    }

    [Fact]
    public async Task The_right_credential_is_accepted_and_the_wrong_one_is_not()
    {
        await using var target = await StartTargetAsync();

        Assert.Equal(FailureClass.None, (await SendAsync(Attempt(target.Guarded("right")))).Failure);
        Assert.Equal(FailureClass.ClientError, (await SendAsync(Attempt(target.Guarded("wrong")))).Failure);
    }

    [Fact]
    public async Task A_secret_that_the_node_does_not_have_stops_the_request_before_it_is_made()
    {
        await using var target = await StartTargetAsync();
        var outcome = await SendAsync(Attempt(target.Guarded("absent")));

        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.Contains("absent", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(target.Received);
    }

    [Fact]
    public async Task A_secret_that_the_target_repeats_is_masked_everywhere()
    {
        await using var target = await StartTargetAsync();
        var outcome = await SendAsync(Attempt(target.Leaking("right")) with { Secrets = ["right"] });

        var text = $"{outcome.Error} {outcome.Excerpt} {(outcome.Output is null ? null : System.Text.Encoding.UTF8.GetString(outcome.Output))} {string.Join(' ', outcome.Facts)}";
        Assert.NotEqual(FailureClass.None, outcome.Failure);
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Secret)), text, StringComparison.Ordinal);
        Assert.DoesNotContain(Uri.EscapeDataString(Secret), text, StringComparison.Ordinal);
        if (target is IAnsweringTarget)
        {
            Assert.Contains("***", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task No_span_and_no_event_source_tells_a_secret()
    {
        using var overheard = new Overheard();
        await using (var target = await StartTargetAsync())
        {
            await using var sender = Sender();
            foreach (var section in new[] { target.Guarded("right"), target.Guarded("wrong"), target.Leaking("right") })
            {
                await DispatchTelemetry.RunAsync(sender.Dispatcher, Attempt(section) with { Secrets = ["right"], TraceId = overheard.TraceId }, CancellationToken.None);
            }
        }

        Assert.Equal(3, overheard.Spans);
        Assert.DoesNotContain(Secret, overheard.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(WrongSecret, overheard.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_stops_ends_what_runs_and_says_that_it_is_lost()
    {
        await using var target = await StartTargetAsync();
        await using var pool = await PoolOfOne.StartAsync(CreateDispatcher(Secrets()));
        for (var n = 0; n < 8; n++)
        {
            pool.Offer(OfSlot(target.Silent, n));
        }

        await Until(() => target.Received.Count == 8);
        var clock = Stopwatch.StartNew();
        await pool.StopAsync();

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15));
        Assert.Equal(8, pool.Finished.Count);
        Assert.All(pool.Finished, fact => Assert.Equal(FailureClass.Lost, fact.Outcome.Failure));
    }

    protected static AttemptRequest Attempt(DispatchTarget target)
    {
        var job = JobId.For(TenantId.Default, "compliance");
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        return new AttemptRequest(
            TenantId.Default, job, "compliance", 1, ExecutionId.ForSlot(job, at), 1, at, target, null, Long, [],
            ImmutableSortedDictionary<string, string>.Empty, "0af7651916cd43dd8448eb211c80319c");
    }

    /// <summary>An attempt of an execution of its own.</summary>
    protected static AttemptRequest OfSlot(DispatchTarget target, int number)
    {
        var attempt = Attempt(target);
        var at = attempt.ScheduledAt.AddSeconds(number + 1);
        return attempt with { ScheduledAt = at, Execution = ExecutionId.ForSlot(attempt.Job, at) };
    }

    protected static async Task Until(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Long);
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    protected Task<AttemptOutcome> SendAsync(AttemptRequest attempt) => CreateAndSend(attempt, TestContext.Current.CancellationToken);

    /// <summary>One dispatcher for several attempts, disposed of at the end.</summary>
    protected ComplianceSender Sender() => new(CreateDispatcher(Secrets()));

    private static FixedSecrets Secrets() => new() { ["right"] = Secret, ["wrong"] = WrongSecret };

    private async Task<AttemptOutcome> CreateAndSend(AttemptRequest attempt, CancellationToken cancellation)
    {
        await using var sender = Sender();
        return await sender.SendAsync(attempt, cancellation);
    }
}

/// <summary>What a dispatcher whose protocol has answers does besides.</summary>
public abstract class AnsweringDispatcherCompliance : DispatcherCompliance
{
    [Fact]
    public async Task An_oversized_answer_is_cut_and_excerpted()
    {
        await using var target = await StartTargetAsync();
        var outcome = await SendAsync(Attempt(((IAnsweringTarget)target).Oversized));

        Assert.Equal(FailureClass.None, outcome.Failure);
        Assert.InRange(outcome.Output!.Length, 4097, 1024 * 1024);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(outcome.Excerpt!), 1, 4096);
    }
}

/// <summary>A dispatcher and its end.</summary>
public sealed class ComplianceSender(IDispatcher dispatcher) : IAsyncDisposable
{
    public IDispatcher Dispatcher => dispatcher;

    public Task<AttemptOutcome> SendAsync(AttemptRequest attempt, CancellationToken cancellation) => dispatcher.DispatchAsync(attempt, cancellation);

    public ValueTask DisposeAsync()
    {
        if (dispatcher is IAsyncDisposable later)
        {
            return later.DisposeAsync();
        }

        (dispatcher as IDisposable)?.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Secrets of a test.</summary>
public sealed class FixedSecrets : Dictionary<string, string>, ISecretSource
{
    public string? Find(TenantId tenant, string name) => this.GetValueOrDefault(name);
}
