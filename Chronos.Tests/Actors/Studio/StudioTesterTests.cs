using System.Text.Json;
using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Grpc;
using Chronos.Actors.Dispatching.Http;
using Chronos.Actors.Dispatching.Kafka;
using Chronos.Actors.Dispatching.Nats;
using Chronos.Actors.Dispatching.RabbitMq;
using Chronos.Actors.Kernel;
using Chronos.Actors.Studio;
using Chronos.Core.Contracts;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Studio;
using Chronos.Tests.Actors.Dispatching;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Actors.Studio;

/// <summary>Trials of all protocols against the servers of the compliance suite.</summary>
public sealed class StudioTesterTests
{
    [Fact]
    public async Task A_call_over_TLS_shows_every_step_and_the_certificate()
    {
        using var certificate = GrpcTarget.Certificate("chronos.test");
        await using var target = await GrpcTarget.StartAsync(new GrpcTargetOptions { Certificate = certificate });
        var pem = certificate.ExportCertificatePem().Replace("\n", "\\n", StringComparison.Ordinal);
        var section = $$"""{"target":"https://localhost:{{new Uri(target.Url).Port}}","method":"chronos.tests.Courier/Deliver","tls":{"ca":"{{pem}}","server_name":"chronos.test"} }""";

        var exchange = await TestAsync($$"""{"grpc":{{section}},"payload":{"n":4} }""");

        Assert.True(exchange.Succeeded, exchange.Error);
        Assert.True(exchange.Timings is { DnsMs: >= 0, ConnectMs: > 0, TlsMs: > 0, FirstByteMs: > 0 } timings && timings.TotalMs >= timings.TlsMs, exchange.Timings.ToString());
        Assert.StartsWith("Tls1", exchange.Connection.Tls, StringComparison.Ordinal);
        Assert.Contains("CN=chronos.test", exchange.Connection.Certificate, StringComparison.Ordinal);
        var sent = Assert.Single(exchange.Sent);
        Assert.Equal(("grpc", "call", """{"n":4}"""), (sent.Protocol, sent.Method, sent.Body));
        Assert.EndsWith("/chronos.tests.Courier/Deliver", sent.Address, StringComparison.Ordinal);
        Assert.Contains(sent.Headers, header => header.Name == "idempotency-key");
        Assert.Equal("OK", exchange.Response.Facts["grpc_status"]);
        Assert.Contains("\"fine\"", exchange.Response.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_redirect_is_a_request_of_its_own()
    {
        await using var target = await HttpTarget.StartAsync();
        var exchange = await TestAsync($$"""{"webhook":{"url":"{{target.Url}}/redirect","follow_redirects":true},"payload":1}""");

        Assert.Equal([$"POST {target.Url}/redirect", $"GET {target.Url}/ok"], exchange.Sent.Select(sent => $"{sent.Method} {sent.Address}"));
        Assert.Equal((200, "fine", "HTTP/1.1"), (exchange.Response.StatusCode, exchange.Response.Body, exchange.Response.Version));
    }

    [Fact]
    public async Task A_secret_of_the_request_and_of_the_node_is_in_nothing_that_is_shown_or_kept()
    {
        await using var target = await HttpTarget.StartAsync();
        foreach (var section in new[] { target.Leaking("right").Section, target.Guarded("right").Section, $$$"""{"url":"{{{target.Url}}}/leak?key={{ secrets.right }}","headers":{"x-mine":"{{ secrets.right }}"},"body":"b {{ secrets.right }}"}""" })
        {
            using var tester = Tester(out var kept);
            var exchange = await TestAsync($$"""{"webhook":{{section}},"secrets":["right"]}""", tester);
            var text = JsonSerializer.Serialize(exchange) + JsonSerializer.Serialize(kept.Of("ann"));
            Assert.NotEmpty(exchange.Sent);
            Assert.DoesNotContain(DispatcherCompliance.Secret, text, StringComparison.Ordinal);
            Assert.DoesNotContain(JsonEncodedText.Encode(DispatcherCompliance.Secret).ToString(), text, StringComparison.Ordinal);
            Assert.DoesNotContain(Uri.EscapeDataString(DispatcherCompliance.Secret), text, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("me:" + DispatcherCompliance.Secret)), text, StringComparison.Ordinal);
            Assert.NotEqual(Array.Empty<string>(), target.Received.Select(received => received.Path));
        }
    }

    [Fact]
    public async Task What_could_not_be_made_was_not_sent_and_says_why()
    {
        var exchange = await TestAsync("""{"webhook":{"url":"http://127.0.0.1:9/","auth":{"type":"bearer","token":{"secret":"absent"}}}}""");
        Assert.Equal((false, "request", 0), (exchange.Succeeded, exchange.Failure, exchange.Sent.Length));
        Assert.Contains("absent", exchange.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_leads_nowhere_shows_how_long_that_took_to_find_out()
    {
        var exchange = await TestAsync("""{"webhook":{"url":"http://nowhere.invalid/"}}""");
        Assert.Equal("connect", exchange.Failure);
        Assert.True(exchange.Timings is { DnsMs: > 0, ConnectMs: null, FirstByteMs: null }, exchange.Timings.ToString());
    }

    [Fact]
    public async Task An_address_that_jobs_may_not_reach_is_refused_here_too()
    {
        using var tester = Tester(out _, allowPrivate: false);
        var exchange = await TestAsync("""{"webhook":{"url":"http://127.0.0.1:9/"}}""", tester);
        Assert.Equal("request", exchange.Failure);
        Assert.Contains("CHRONOS_ALLOW_PRIVATE_TARGETS", exchange.Error, StringComparison.Ordinal);
        Assert.Null(exchange.Connection.Remote);
    }

    [Fact]
    public async Task Beyond_sixteen_at_once_a_test_is_refused_and_one_that_is_given_up_is_kept_as_cancelled()
    {
        await using var target = await HttpTarget.StartAsync();
        using var tester = Tester(out var kept);
        using var stop = new CancellationTokenSource();
        using var json = JsonDocument.Parse($$"""{"webhook":{{target.Silent.Section}},"timeout":"1h"}""");
        var request = StudioDocument.Read(json.RootElement, [])!;
        Task<StudioExchange?> Test() => tester.TestAsync(TenantId.Default, "ann", new Principal("key:ann"), request, stop.Token);

        var running = Enumerable.Range(0, StudioTester.MostAtOnce).Select(_ => Test()).ToList();
        await Eventually.True(() => target.Received.Count == StudioTester.MostAtOnce, TimeSpan.FromSeconds(20));
        Assert.Null(await Test());
        await stop.CancelAsync();
        await Task.WhenAll(running);
        Assert.Equal(StudioTester.MostAtOnce, kept.Of("ann").Length);
        Assert.All(kept.Of("ann"), exchange => Assert.Equal(("cancelled", 30_000d), (exchange.Failure, exchange.LimitMs)));
        Assert.NotNull(await Test());
    }

    [Fact]
    public async Task A_request_to_NATS_shows_message_reply_and_connection()
    {
        await using var target = await NatsTarget.StartAsync("request");
        var exchange = await TestAsync($$"""{"nats":{{target.Accepting.Section}},"payload":{"n":4} }""");
        Assert.True(exchange.Succeeded, exchange.Error);
        AssertMessage(exchange, "request", "nats-msg-id");
        Assert.Equal("""{"done":true}""", exchange.Response.Body);
    }

    [Fact]
    [Trait("speed", "slow")]
    public async Task A_message_to_Kafka_shows_message_and_place()
    {
        await using var target = await KafkaTarget.StartAsync();
        var exchange = await TestAsync($$"""{"kafka":{{target.To("orders", ",\"key\":\"k1\"").Section}},"payload":{"n":4} }""");
        Assert.True(exchange.Succeeded, exchange.Error);
        AssertMessage(exchange, "produce", "content-type");
        Assert.Contains(new StudioField("key", "k1"), exchange.Sent[0].Properties);
        Assert.Equal("orders", exchange.Response.Facts["topic"]);
    }

    [Fact]
    [Trait("speed", "slow")]
    public async Task A_message_to_RabbitMQ_shows_message_and_confirmation()
    {
        await using var target = await RabbitTarget.StartAsync();
        var exchange = await TestAsync($$"""{"rabbitmq":{{target.Accepting.Section}},"payload":{"n":4} }""");
        Assert.True(exchange.Succeeded, exchange.Error);
        AssertMessage(exchange, "publish", "x-chronos-job-id");
        Assert.Equal("true", exchange.Response.Facts["confirmed"]);
    }

    private static void AssertMessage(StudioExchange exchange, string method, string header)
    {
        var sent = Assert.Single(exchange.Sent);
        Assert.Equal((method, """{"n":4}"""), (sent.Method, sent.Body));
        Assert.Contains(sent.Headers, field => field.Name.Equals(header, StringComparison.OrdinalIgnoreCase));
        Assert.True(exchange.Timings.ConnectMs > 0, exchange.Timings.ToString());
        Assert.StartsWith("127.0.0.1:", exchange.Connection.Remote, StringComparison.Ordinal);
    }

    private static async Task<StudioExchange> TestAsync(string document)
    {
        using var tester = Tester(out _);
        return await TestAsync(document, tester);
    }

    /// <summary>The secret <c>right</c> comes with the request.</summary>
    private static async Task<StudioExchange> TestAsync(string document, StudioTester tester)
    {
        var violations = new List<Violation>();
        using var json = JsonDocument.Parse(document);
        var request = StudioDocument.Read(json.RootElement, violations);
        Assert.Empty(violations);
        var exchange = await tester.TestAsync(
            TenantId.Default, "ann", new Principal("key:ann"), request! with { SecretValues = request.SecretValues.Add("right", DispatcherCompliance.Secret) }, TestContext.Current.CancellationToken);
        Assert.Empty(Faults(exchange!.Document));
        return exchange;
    }

    private static List<Violation> Faults(JsonElement document)
    {
        var violations = new List<Violation>();
        JobDocument.Read(document, violations);
        return violations;
    }

    private static StudioTester Tester(out StudioExchanges kept, bool allowPrivate = true)
    {
        var secrets = new FixedSecrets();
        var circuits = new CircuitBoard(new CircuitOptions { MaxTargets = 0 }, TimeProvider.System);
        kept = new StudioExchanges();
        return new StudioTester(
            protocol => protocol switch
            {
                Protocol.Http => new HttpDispatcher(new HttpDispatchOptions { AllowPrivateTargets = allowPrivate }, secrets, circuits, TimeProvider.System),
                Protocol.Grpc => new GrpcDispatcher(new GrpcDispatchOptions { AllowPrivateTargets = allowPrivate }, secrets, circuits, TimeProvider.System),
                Protocol.Nats => new NatsDispatcher(new NatsDispatchOptions { AllowPrivateTargets = allowPrivate }, secrets, circuits, TimeProvider.System),
                Protocol.Rabbitmq => new RabbitMqDispatcher(new RabbitDispatchOptions { AllowPrivateTargets = allowPrivate }, secrets, circuits, TimeProvider.System),
                _ => new KafkaDispatcher(new KafkaDispatchOptions { AllowPrivateTargets = allowPrivate }, secrets, circuits, TimeProvider.System, Systems.Shared),
            },
            kept, new UlidSource(TimeProvider.System), TimeProvider.System);
    }

    private static class Systems
    {
        private static readonly Lazy<ActorSystem> One = new(() => ActorSystem.Create("studio", "akka.loglevel = WARNING"));

        public static ActorSystem Shared() => One.Value;
    }
}
