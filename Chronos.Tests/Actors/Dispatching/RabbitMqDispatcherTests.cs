using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.RabbitMq;
using Chronos.Core.Dispatching;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

[Trait("speed", "slow")]
public sealed class RabbitMqDispatcherTests
{
    [Fact]
    public async Task A_message_has_the_properties_that_the_job_gives()
    {
        await using var target = await RabbitTarget.StartAsync();
        var section = target.To(target.Place("ok") + """
            ,"priority":3,"expiration":"1m","type":"order","headers":{"X-Team":"{{ job.tags.team }}"},"body":{"at":"{{ execution.scheduled_at }}"}
            """);
        Assert.Equal((FailureClass.None, null), Short(await SendAsync(Attempt(section))));

        await Eventually.True(() => target.Received.Count == 1, Patience);
        var properties = Assert.Single(target.Properties);
        Assert.Equal((true, (byte)3, "60000", "order"), (properties.Persistent, properties.Priority, properties.Expiration, properties.Type));
        Assert.Equal(("application/json", "chronos", Attempt(section).Execution.Value), (properties.ContentType, properties.AppId, properties.MessageId));
        var received = target.Received[0];
        Assert.Equal(("data", """{"at":"2026-01-02T03:04:05Z"}"""), (received.Headers["X-Team"], received.Body));
    }

    [Fact]
    public async Task A_queue_is_published_to_by_its_name()
    {
        await using var target = await RabbitTarget.StartAsync();
        var outcome = await SendAsync(Attempt(target.To($"\"queue\":\"{target.Name}.ok\",\"persistent\":false,\"content_type\":\"text/csv\",\"body\":\"a;b\"")));

        Assert.Equal(FailureClass.None, outcome.Failure);
        Assert.Equal("true", outcome.Facts["confirmed"]);
        await Eventually.True(() => target.Received.Count == 1, Patience);
        var properties = Assert.Single(target.Properties);
        Assert.Equal((false, "text/csv"), (properties.Persistent, properties.ContentType));
    }

    [Fact]
    public async Task A_message_that_no_queue_takes_is_a_failure_unless_the_job_says_otherwise()
    {
        await using var target = await RabbitTarget.StartAsync();
        var returned = await SendAsync(Attempt(target.To(target.Place("nobody"))));
        Assert.Equal((FailureClass.ClientError, 312), (returned.Failure, returned.StatusCode));
        Assert.Contains("'nobody'", returned.Error, StringComparison.Ordinal);

        Assert.Equal(FailureClass.None, (await SendAsync(Attempt(target.To(target.Place("nobody") + ",\"mandatory\":false")))).Failure);
    }

    [Fact]
    public async Task A_user_without_the_right_to_write_is_refused()
    {
        await using var target = await RabbitTarget.StartAsync();
        var outcome = await SendAsync(Attempt(RabbitTarget.Section(
            $$"""{"url":"amqp://127.0.0.1:{{target.Server.Port}}",{{target.Place("ok")}},"auth":{"type":"plain","username":"reader","password":{"secret":"right"} } }""")));

        Assert.Equal((FailureClass.ClientError, 403), (outcome.Failure, outcome.StatusCode));
        Assert.Contains("ACCESS_REFUSED", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_virtual_host_that_is_not_there_is_refused()
    {
        await using var target = await RabbitTarget.StartAsync();
        var outcome = await SendAsync(Attempt(RabbitTarget.Section(
            $$"""{"url":"amqp://127.0.0.1:{{target.Server.Port}}/no%2Fsuch",{{target.Place("ok")}},"auth":{"type":"plain","username":"me","password":{"secret":"right"} } }""")));

        Assert.Equal((FailureClass.ClientError, 530), (outcome.Failure, outcome.StatusCode));
    }

    [Fact]
    public async Task Tls_is_held_to_the_given_authority()
    {
        await using var target = await RabbitTarget.StartAsync();
        var ca = JsonSerializer.Serialize(target.Server.Certificates.Ca);
        DispatchTarget Tls(string tls) => RabbitTarget.Section(
            $$"""{"url":"amqps://127.0.0.1:{{target.Server.TlsPort}}",{{target.Place("ok")}},"auth":{"type":"plain","username":"me","password":{"secret":"right"} }{{tls}} }""");

        Assert.Equal((FailureClass.None, null), Short(await SendAsync(Attempt(Tls($$""","tls":{"ca":{{ca}}}""")))));
        Assert.Equal((FailureClass.Connect, "no secure connection to the broker: its certificate or its TLS is not accepted"), Short(await SendAsync(Attempt(Tls("")))));
        Assert.Equal(FailureClass.Connect, (await SendAsync(Attempt(Tls($$""","tls":{"ca":{{ca}},"server_name":"other.example.com"}""")))).Failure);
    }

    [Fact]
    public async Task A_channel_that_the_broker_closes_takes_no_other_message_with_it()
    {
        await using var target = await RabbitTarget.StartAsync();
        await using var dispatcher = RabbitMqDispatcherComplianceTests.Create(Secrets);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 300).Select(n => dispatcher.DispatchAsync(
            Attempt(n % 3 == 0 ? target.Missing : target.Accepting) with { Attempt = n + 1 }, TestContext.Current.CancellationToken)));

        Assert.All(outcomes.Index(), one => Assert.Equal(one.Index % 3 == 0 ? FailureClass.ClientError : FailureClass.None, one.Item.Failure));
        await Eventually.True(() => target.Received.Count >= 200, Patience);
        Assert.Equal(200, target.Received.Select(received => received.Headers["x-chronos-attempt"]).Distinct().Count());
        Assert.Equal(200, target.Received.Count);
    }

    [Fact]
    public async Task A_message_that_is_too_large_takes_no_other_one_with_it()
    {
        await using var target = await RabbitTarget.StartAsync();
        await using var dispatcher = RabbitMqDispatcherComplianceTests.Create(Secrets);
        Task<AttemptOutcome> Send(int n, bool tooLarge) => dispatcher.DispatchAsync(
            Attempt(target.Accepting) with { Attempt = n + 1, Payload = JsonSerializer.Serialize(new string('x', tooLarge ? target.TooManyBytes : 10)) }, TestContext.Current.CancellationToken);

        var mixed = await Task.WhenAll(Enumerable.Range(0, 99).Select(n => Send(n, tooLarge: n % 3 == 0)));
        Assert.All(mixed.Index(), one => Assert.Equal(one.Index % 3 == 0 ? FailureClass.ClientError : FailureClass.None, one.Item.Failure));
        await Eventually.True(() => target.Received.Count >= 66, Patience);
        Assert.Equal(66, target.Received.Select(received => received.Headers["x-chronos-attempt"]).Distinct().Count());
        Assert.Equal(66, target.Received.Count);
    }

    [Fact]
    public async Task An_exchange_that_is_deleted_under_messages_on_their_way_refuses_each_for_itself_and_takes_them_again_when_it_is_back()
    {
        await using var target = await RabbitTarget.StartAsync();
        await using var dispatcher = RabbitMqDispatcherComplianceTests.Create(Secrets);
        await using var client = await target.Server.ConnectAsync();
        await using var channel = await client.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        await channel.ExchangeDeclareAsync("comes-and-goes", "fanout", durable: false, autoDelete: false, cancellationToken: TestContext.Current.CancellationToken);
        await channel.QueueBindAsync($"{target.Name}.ok", "comes-and-goes", "", cancellationToken: TestContext.Current.CancellationToken);
        var section = target.To("\"exchange\":\"comes-and-goes\",\"routing_key\":\"any\"");
        Task<AttemptOutcome> Send(int n) => dispatcher.DispatchAsync(Attempt(section) with { Attempt = n + 1 }, TestContext.Current.CancellationToken);

        Assert.Equal(FailureClass.None, (await Send(0)).Failure);
        var sending = Enumerable.Range(1, 300).Select(Send).ToList();
        await channel.ExchangeDeleteAsync("comes-and-goes", ifUnused: false, cancellationToken: TestContext.Current.CancellationToken);
        var outcomes = await Task.WhenAll([.. sending, .. Enumerable.Range(301, 20).Select(Send)]);
        Assert.All(outcomes, outcome => Assert.True(outcome is { Failure: FailureClass.None } or { Failure: FailureClass.ClientError, StatusCode: 404 }, outcome.Error));
        Assert.All(outcomes.TakeLast(20), outcome => Assert.Equal(404, outcome.StatusCode));

        // Whatever the broker confirmed is in the queue.
        var confirmed = outcomes.Index().Where(one => one.Item.Failure == FailureClass.None).Select(one => $"{one.Index + 2}").ToHashSet();
        await Eventually.True(() => confirmed.IsSubsetOf(target.Received.Select(received => received.Headers["x-chronos-attempt"])), Patience);

        await channel.ExchangeDeclareAsync("comes-and-goes", "fanout", durable: false, autoDelete: false, cancellationToken: TestContext.Current.CancellationToken);
        await channel.QueueBindAsync($"{target.Name}.ok", "comes-and-goes", "", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(FailureClass.None, (await Send(400)).Failure);
    }

    [Theory]
    [InlineData("amqp://169.254.169.254")]
    [InlineData("amqp://127.0.0.1")]
    [InlineData("amqp://localhost")]
    [InlineData("amqps://[::ffff:10.1.2.3]:5671")]
    public async Task An_address_that_jobs_may_not_reach_is_not_connected_to(string url)
    {
        await using var dispatcher = new RabbitMqDispatcher(
            new RabbitDispatchOptions(), Secrets, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System);
        var outcome = await dispatcher.DispatchAsync(Attempt(RabbitTarget.Section($$"""{"url":"{{url}}","queue":"q"}""")), TestContext.Current.CancellationToken);

        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.Contains("address", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_is_killed_and_comes_back_has_every_message_that_was_confirmed()
    {
        await using var server = await RabbitServer.StartAsync();
        await server.DeclareQuorumQueueAsync("kept");
        await using var dispatcher = new RabbitMqDispatcher(
            new RabbitDispatchOptions { AllowPrivateTargets = true }, Secrets, new CircuitBoard(new CircuitOptions { MinimumThroughput = int.MaxValue }, TimeProvider.System), TimeProvider.System);
        var section = RabbitTarget.Section($$"""{"url":"amqp://127.0.0.1:{{server.Port}}","queue":"kept","auth":{"type":"plain","username":"me","password":{"secret":"right"} } }""");
        var confirmed = new HashSet<string>();
        var killed = false;
        for (var n = 0; n < 400; n++)
        {
            var attempt = Attempt(section) with { Attempt = n + 1, Payload = $"{n}", Timeout = TimeSpan.FromSeconds(5) };
            var sending = dispatcher.DispatchAsync(attempt, TestContext.Current.CancellationToken);
            if (n == 200)
            {
                await server.KillAsync();
                killed = true;
                _ = await sending;
                await server.StartAgainAsync();
                continue;
            }

            var tries = 0;
            for (var outcome = await sending; outcome.Failure != FailureClass.None; outcome = await dispatcher.DispatchAsync(attempt, TestContext.Current.CancellationToken))
            {
                Assert.True(killed && ++tries < 1000, outcome.Error);
            }

            confirmed.Add($"{n}");
        }

        await using var reader = await server.ConnectAsync();
        var reading = await reader.CreateChannelAsync();
        var found = new List<string>();
        while (await reading.BasicGetAsync("kept", autoAck: true) is { } message)
        {
            found.Add(System.Text.Encoding.UTF8.GetString(message.Body.Span));
        }

        Assert.Empty(confirmed.Except(found));
        Assert.Equal(399, confirmed.Count);
    }

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private FixedSecrets Secrets { get; } = new() { ["right"] = DispatcherCompliance.Secret };

    private static (FailureClass, string?) Short(AttemptOutcome outcome) => (outcome.Failure, outcome.Error);

    private static AttemptRequest Attempt(DispatchTarget target) => HttpDispatcherTests.Attempt("""{"url":"http://localhost/"}""") with
    {
        Target = target,
        ScheduledAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Tags = ImmutableSortedDictionary<string, string>.Empty.Add("team", "data"),
    };

    private async Task<AttemptOutcome> SendAsync(AttemptRequest attempt)
    {
        await using var dispatcher = RabbitMqDispatcherComplianceTests.Create(Secrets);
        return await dispatcher.DispatchAsync(attempt, TestContext.Current.CancellationToken);
    }
}
