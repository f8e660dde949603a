using System.Collections.Immutable;
using System.Diagnostics;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
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

    /// <summary>Answers with far more than is read.</summary>
    DispatchTarget Oversized { get; }

    /// <summary>Nobody listens there.</summary>
    DispatchTarget Unreachable { get; }

    /// <summary>Accepts only the value <see cref="DispatcherCompliance.Secret"/>; the job names the secret.</summary>
    DispatchTarget Guarded(string secretName);

    /// <summary>Fails and repeats the credential that it got.</summary>
    DispatchTarget Leaking(string secretName);

    IReadOnlyList<Received> Received { get; }

    /// <summary>Ends the server at once, with its connections.</summary>
    Task KillAsync();
}

/// <summary>What every dispatcher does. Inherited once per protocol; the hooks are abstract so that none is forgotten.</summary>
public abstract class DispatcherCompliance
{
    public const string Secret = "s3cr3t/+value==&\"x";
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
        var received = Assert.Single(target.Received);
        Assert.Equal("""{"n":7}""", received.Body);
    }

    [Fact]
    public async Task An_attempt_carries_its_identity_and_its_trace()
    {
        await using var target = await StartTargetAsync();
        var attempt = Attempt(target.Accepting) with { Attempt = 3 };
        await SendAsync(attempt);

        var headers = Assert.Single(target.Received).Headers;
        Assert.Equal(attempt.Execution.Value, headers["idempotency-key"]);
        Assert.Equal(attempt.Execution.Value, headers["x-chronos-execution-id"]);
        Assert.Equal(attempt.Job.Value, headers["x-chronos-job-id"]);
        Assert.Equal("3", headers["x-chronos-attempt"]);
        Assert.Equal(Rfc3339.Format(attempt.ScheduledAt), headers["x-chronos-scheduled-time"]);
        Assert.Matches($"^00-{attempt.TraceId}-[0-9a-f]{{16}}-01$", headers["traceparent"]);
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
    public async Task A_target_that_dies_in_the_middle_is_a_failure_to_connect()
    {
        await using var target = await StartTargetAsync();
        var running = CreateAndSend(Attempt(target.Silent), CancellationToken.None);
        await Until(() => target.Received.Count == 1);
        await target.KillAsync();

        Assert.Equal(FailureClass.Connect, (await running).Failure);
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
        var outcome = await SendAsync(Attempt(target.Leaking("right")));

        var text = $"{outcome.Error} {outcome.Excerpt} {(outcome.Output is null ? null : System.Text.Encoding.UTF8.GetString(outcome.Output))} {string.Join(' ', outcome.Facts)}";
        Assert.Single(target.Received);
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Secret)), text, StringComparison.Ordinal);
        Assert.DoesNotContain(Uri.EscapeDataString(Secret), text, StringComparison.Ordinal);
        Assert.Contains("***", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_oversized_answer_is_cut_and_excerpted()
    {
        await using var target = await StartTargetAsync();
        var outcome = await SendAsync(Attempt(target.Oversized));

        Assert.Equal(FailureClass.None, outcome.Failure);
        Assert.InRange(outcome.Output!.Length, 1, 1024 * 1024);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(outcome.Excerpt!), 1, 4096);
    }

    protected static AttemptRequest Attempt(DispatchTarget target)
    {
        var job = JobId.For(TenantId.Default, "compliance");
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        return new AttemptRequest(
            TenantId.Default, job, "compliance", 1, ExecutionId.ForSlot(job, at), 1, at, target, null, Long, [],
            ImmutableSortedDictionary<string, string>.Empty, "0af7651916cd43dd8448eb211c80319c");
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

    private Task<AttemptOutcome> SendAsync(AttemptRequest attempt) => CreateAndSend(attempt, TestContext.Current.CancellationToken);

    private async Task<AttemptOutcome> CreateAndSend(AttemptRequest attempt, CancellationToken cancellation)
    {
        var dispatcher = CreateDispatcher(new FixedSecrets { ["right"] = Secret, ["wrong"] = WrongSecret });
        try
        {
            return await dispatcher.DispatchAsync(attempt, cancellation);
        }
        finally
        {
            (dispatcher as IDisposable)?.Dispose();
        }
    }
}

/// <summary>Secrets of a test.</summary>
public sealed class FixedSecrets : Dictionary<string, string>, ISecretSource
{
    public string? Find(TenantId tenant, string name) => this.GetValueOrDefault(name);
}
