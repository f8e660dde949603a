using System.Collections.Immutable;
using System.Net;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Nats;
using Chronos.Core.Dispatching;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using NATS.Client.Core;
using NATS.NKeys;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

public sealed class NatsDispatcherTests
{
    [Fact]
    public async Task A_stream_says_where_it_has_stored_the_message_and_that_it_had_it_before()
    {
        await using var target = await NatsTarget.StartAsync("jetstream");
        var section = target.To("jobs.ok", ""","stream":"JOBS" """);
        var first = await SendAsync(Attempt(section));
        var again = await SendAsync(Attempt(section) with { Attempt = 2 });

        Assert.Equal("""{"stream":"JOBS","sequence":1,"duplicate":false}""", first.Excerpt);
        Assert.Equal("""{"stream":"JOBS","sequence":1,"duplicate":true}""", again.Excerpt);
        Assert.Equal("1", again.Facts["sequence"]);
        Assert.Equal((1, 1), await NatsTarget.StateAsync(target.Client, "JOBS"));
    }

    [Fact]
    public async Task The_expected_stream_and_sequence_are_held_against_what_is_there()
    {
        await using var target = await NatsTarget.StartAsync("jetstream");
        Assert.Equal(FailureClass.ClientError, (await SendAsync(Attempt(target.To("jobs.ok", ""","stream":"OTHER" """)))).Failure);
        Assert.Equal(FailureClass.None, (await SendAsync(Attempt(target.To("jobs.ok", ""","expected_last_sequence":0""")))).Failure);

        var wrong = await SendAsync(Attempt(target.To("jobs.ok", ""","expected_last_sequence":7""")) with { Execution = Other });
        Assert.Equal((FailureClass.ClientError, 400), (wrong.Failure, wrong.StatusCode));
        Assert.Contains("wrong last sequence", wrong.Error, StringComparison.Ordinal);
        Assert.Equal((1, 1), await NatsTarget.StateAsync(target.Client, "JOBS"));
    }

    [Fact]
    public async Task A_reply_is_the_output_and_the_error_of_a_service_a_failure()
    {
        await using var target = await NatsTarget.StartAsync("request");
        Assert.Equal("""{"done":true}""", (await SendAsync(Attempt(target.Accepting))).Excerpt);

        var refused = await SendAsync(Attempt(target.Rejecting));
        Assert.Equal((FailureClass.ClientError, 400, "the service answered 400: no such order"), (refused.Failure, refused.StatusCode, refused.Error));
    }

    [Fact]
    public async Task A_message_that_was_published_has_been_read_by_the_server()
    {
        await using var target = await NatsTarget.StartAsync("publish");
        var outcome = await SendAsync(Attempt(target.To("jobs.{{ job.name }}", """
            ,"headers":{"X-Team":"{{ job.tags.team }}"},"body":{"at":"{{ execution.scheduled_at }}"}
            """)));

        Assert.Equal(FailureClass.None, outcome.Failure);
        await target.Client.PingAsync(TestContext.Current.CancellationToken);
        await Eventually.True(() => target.Received.Count == 1, TimeSpan.FromSeconds(10));
        var received = target.Received[0];
        Assert.Equal(("jobs.nightly", "data", """{"at":"2026-01-02T03:04:05Z"}"""), (received.Path, received.Headers["X-Team"], received.Body));
        Assert.Equal("application/json", received.Headers["content-type"]);
        Assert.Equal(HttpDispatcherTests.Job.Value, received.Headers["x-chronos-job-id"]);
    }

    [Fact]
    public async Task A_subject_that_a_template_spoils_is_not_sent_to()
    {
        await using var target = await NatsTarget.StartAsync("publish");
        var outcome = await SendAsync(Attempt(target.To("jobs.{{ payload.to }}")) with { Payload = """{"to":"a b"}""" });

        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.StartsWith("nats.subject", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(target.Received);
    }

    [Theory]
    [InlineData("publish")]
    [InlineData("request")]
    [InlineData("jetstream")]
    public async Task What_the_user_may_not_publish_is_refused_and_never_taken_for_sent(string mode)
    {
        await using var server = await NatsServer.StartAsync("""
            authorization { users: [ { user: me, password: right-one, permissions: { publish: "jobs.allowed", subscribe: ">" } } ] }
            """);
        await using var dispatcher = NatsRequestComplianceTests.Create(Secrets);
        for (var n = 1; n <= 20; n++)
        {
            var outcome = await dispatcher.DispatchAsync(Attempt(Section(server, "jobs.denied", mode, User)) with { Attempt = n }, TestContext.Current.CancellationToken);
            Assert.Equal((FailureClass.ClientError, 403, "the server does not let this user publish to jobs.denied"), (outcome.Failure, outcome.StatusCode, outcome.Error));
        }
    }

    [Fact]
    public async Task A_user_who_may_not_receive_replies_is_told_so()
    {
        await using var server = await NatsServer.StartAsync("""
            authorization { users: [ { user: me, password: right-one, permissions: { publish: ">", subscribe: "mine.>" } } ] }
            """);
        var denied = await SendAsync(Attempt(Section(server, "jobs.a", "request", User)));
        Assert.Equal(FailureClass.ClientError, denied.Failure);
        Assert.Contains("inbox_prefix", denied.Error, StringComparison.Ordinal);

        // With a prefix of its own the request is sent, and nobody is there.
        Assert.Equal(503, (await SendAsync(Attempt(Section(server, "jobs.a", "request", User + ""","inbox_prefix":"mine" """)))).StatusCode);
    }

    [Fact]
    public async Task A_token_is_a_credential()
    {
        await using var server = await NatsServer.StartAsync("""authorization { token: "right-one" }""");
        await ProveAsync(server, """ "auth":{"type":"token","token":{"secret":"right"} }""", """ "auth":{"type":"token","token":{"secret":"wrong"} }""");
    }

    [Fact]
    public async Task An_nkey_is_a_credential()
    {
        var (right, wrong) = (NatsIdentities.NewSeed('U'), NatsIdentities.NewSeed('U'));
        await using var server = await NatsServer.StartAsync($$"""authorization { users: [ { nkey: {{NatsIdentities.PublicKey(right)}} } ] }""");
        Secrets["right-seed"] = right;
        Secrets["wrong-seed"] = wrong;
        await ProveAsync(server, """ "auth":{"type":"nkey","seed":{"secret":"right-seed"} }""", """ "auth":{"type":"nkey","seed":{"secret":"wrong-seed"} }""");
    }

    [Fact]
    public async Task A_jwt_and_a_credentials_file_are_credentials()
    {
        var (operatorSeed, accountSeed, userSeed, strangerSeed) = (NatsIdentities.NewSeed('O'), NatsIdentities.NewSeed('A'), NatsIdentities.NewSeed('U'), NatsIdentities.NewSeed('A'));
        var account = NatsIdentities.PublicKey(accountSeed);
        var operatorJwt = NatsIdentities.Jwt(operatorSeed, NatsIdentities.PublicKey(operatorSeed), "op", new { type = "operator", version = 2 });
        var accountJwt = NatsIdentities.Jwt(operatorSeed, account, "acc", new
        {
            type = "account",
            version = 2,
            limits = new { subs = -1, conn = -1, leaf = -1, imports = -1, exports = -1, data = -1, payload = -1, wildcards = true },
        });
        object user = new { type = "user", version = 2, pub = new { }, sub = new { }, subs = -1, data = -1, payload = -1 };
        var userJwt = NatsIdentities.Jwt(accountSeed, NatsIdentities.PublicKey(userSeed), "u", user);
        Secrets["jwt"] = userJwt;
        Secrets["forged"] = NatsIdentities.Jwt(strangerSeed, NatsIdentities.PublicKey(userSeed), "u", user);
        Secrets["seed"] = userSeed;
        Secrets["file"] = Credentials(userJwt, userSeed);
        Secrets["forged-file"] = Credentials(Secrets["forged"], userSeed);
        await using var server = await NatsServer.StartAsync($$"""
            operator: {{operatorJwt}}
            resolver: MEMORY
            resolver_preload: { {{account}}: {{accountJwt}} }
            """);

        await ProveAsync(server, """ "auth":{"type":"jwt","jwt":{"secret":"jwt"},"seed":{"secret":"seed"} }""", """ "auth":{"type":"jwt","jwt":{"secret":"forged"},"seed":{"secret":"seed"} }""");
        await ProveAsync(server, """ "auth":{"type":"credentials","credentials":{"secret":"file"} }""", """ "auth":{"type":"credentials","credentials":{"secret":"forged-file"} }""");
    }

    [Theory]
    [InlineData(""" "auth":{"type":"nkey","seed":{"secret":"right"} }""")]
    [InlineData(""" "auth":{"type":"jwt","jwt":{"secret":"right"},"seed":{"secret":"right"} }""")]
    [InlineData(""" "auth":{"type":"credentials","credentials":{"secret":"right"} }""")]
    public async Task A_secret_that_is_no_seed_is_a_fault_of_the_request(string auth)
    {
        var outcome = await SendAsync(Attempt(NatsTarget.Section($$"""{"url":"nats://127.0.0.1:4","subject":"a",{{auth}} }""")));

        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.Contains("'right'", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("right-one", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tls_is_held_to_the_given_authority()
    {
        await using var server = await NatsServer.StartTlsAsync("");
        var ca = System.Text.Json.JsonSerializer.Serialize(server.Certificates!.Ca);
        Assert.Equal(FailureClass.None, (await SendAsync(Attempt(Section(server, "a", "publish", $$""","tls":{"ca":{{ca}}}""")))).Failure);

        var distrusted = await SendAsync(Attempt(Section(server, "a", "publish", ""","tls":{}""")));
        Assert.Equal(FailureClass.Connect, distrusted.Failure);
        Assert.Contains("certificate", distrusted.Error, StringComparison.Ordinal);

        var elsewhere = await SendAsync(Attempt(Section(server, "a", "publish", $$""","tls":{"ca":{{ca}},"server_name":"other.example.com"}""")));
        Assert.Equal(FailureClass.Connect, elsewhere.Failure);

        await using var plain = await NatsServer.StartAsync("");
        Assert.Equal(FailureClass.Connect, (await SendAsync(Attempt(Section(plain, "a", "publish", ""","tls":{}""")))).Failure);
    }

    [Fact]
    public async Task A_client_certificate_is_shown_where_the_server_asks_for_one()
    {
        await using var server = await NatsServer.StartTlsAsync("", verify: true);
        var certificates = server.Certificates!;
        Secrets["certificate"] = certificates.Client;
        Secrets["key"] = certificates.ClientKey;
        var ca = System.Text.Json.JsonSerializer.Serialize(certificates.Ca);

        Assert.Equal(FailureClass.None, (await SendAsync(Attempt(Section(server, "a", "publish", $$""","tls":{"ca":{{ca}},"certificate":{"secret":"certificate"},"key":{"secret":"key"} }""")))).Failure);
        Assert.NotEqual(FailureClass.None, (await SendAsync(Attempt(Section(server, "a", "publish", $$""","tls":{"ca":{{ca}}}""")))).Failure);
    }

    [Theory]
    [InlineData("nats://169.254.169.254:4222")]
    [InlineData("nats://inside.example.com:4222")]
    [InlineData("nats://[::ffff:127.0.0.1]:4222")]
    public async Task An_address_that_jobs_may_not_reach_is_not_connected_to(string url)
    {
        await using var dispatcher = new NatsDispatcher(
            new NatsDispatchOptions(), Secrets, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System,
            static (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.1.2.3")]));
        var outcome = await dispatcher.DispatchAsync(Attempt(NatsTarget.Section($$"""{"url":"{{url}}","subject":"a"}""")), TestContext.Current.CancellationToken);

        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.Contains("address", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_down_opens_its_circuit()
    {
        var board = new CircuitBoard(new CircuitOptions { MinimumThroughput = 2 }, TimeProvider.System);
        await using var dispatcher = new NatsDispatcher(new NatsDispatchOptions { AllowPrivateTargets = true }, Secrets, board, TimeProvider.System);
        var url = $"nats://127.0.0.1:{TestPort.Free()}";
        var attempt = Attempt(NatsTarget.Section($$"""{"url":"{{url}}","subject":"a"}"""));
        for (var n = 0; n < 2; n++)
        {
            Assert.Equal(FailureClass.Connect, (await dispatcher.DispatchAsync(attempt, TestContext.Current.CancellationToken)).Failure);
        }

        Assert.Equal(FailureClass.CircuitOpen, (await dispatcher.DispatchAsync(attempt, TestContext.Current.CancellationToken)).Failure);
        Assert.Equal(CircuitStatus.Open, board.States()[url]);
    }

    [Fact]
    public async Task Attempts_with_the_same_address_and_credential_share_a_connection()
    {
        await using var server = await NatsServer.StartAsync("");
        ulong before;
        await using (var earlier = new NatsConnection(new NatsOpts { Url = server.Url }))
        {
            await earlier.ConnectAsync();
            before = earlier.ServerInfo!.ClientId;
        }

        await using var dispatcher = NatsRequestComplianceTests.Create(Secrets);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(n => dispatcher.DispatchAsync(
            Attempt(Section(server, $"a.{n}", "publish", "")) with { Attempt = n + 1 }, TestContext.Current.CancellationToken)));

        // The server numbers its clients, and some of its own with them; 50 would be far more.
        await using var client = new NatsConnection(new NatsOpts { Url = server.Url });
        await client.ConnectAsync();
        Assert.InRange(client.ServerInfo!.ClientId, before + 2, before + 10);
    }

    [Fact]
    public void A_seed_makes_the_public_key_that_nats_publishes_for_it()
    {
        // The pair of the chapter on nkeys in the documentation of NATS.
        using var pair = KeyPair.FromSeed("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY");
        Assert.Equal("UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4", pair.GetPublicKey());
    }

    [Theory]
    [InlineData("")]
    [InlineData("SU")]
    [InlineData("not base32!")]
    [InlineData("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU4VY")]
    [InlineData("UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4")]
    public void What_is_no_seed_is_refused_without_being_repeated(string seed)
    {
        var fault = Assert.Throws<FormatException>(() => KeyPair.FromSeed(seed));
        Assert.True(seed.Length < 3 || !fault.Message.Contains(seed, StringComparison.Ordinal));
    }

    private static readonly Chronos.Core.Kernel.ExecutionId Other = Chronos.Core.Kernel.ExecutionId.ForRun(HttpDispatcherTests.Job, "01ARZ3NDEKTSV4RRFFQ69G5FAV");

    private const string User = ""","auth":{"type":"user","username":"me","password":{"secret":"right"} }""";

    private FixedSecrets Secrets { get; } = new() { ["right"] = "right-one", ["wrong"] = "wrong-one" };

    private static string Credentials(string jwt, string seed) =>
        $"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n************* IMPORTANT *************\n-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n";

    private static DispatchTarget Section(NatsServer server, string subject, string mode, string more) =>
        NatsTarget.Section($$"""{"url":"{{server.Url}}","subject":"{{subject}}","mode":"{{mode}}"{{more}} }""");

    private static AttemptRequest Attempt(DispatchTarget target) => HttpDispatcherTests.Attempt("""{"url":"http://localhost/"}""") with
    {
        Target = target,
        ScheduledAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Tags = ImmutableSortedDictionary<string, string>.Empty.Add("team", "data"),
    };

    private async Task ProveAsync(NatsServer server, string right, string wrong)
    {
        Assert.Equal((FailureClass.None, null), Short(await SendAsync(Attempt(Section(server, "a", "publish", "," + right)))));
        Assert.Equal((FailureClass.ClientError, "the server does not accept the credentials of the job"), Short(await SendAsync(Attempt(Section(server, "a", "publish", "," + wrong)))));
        Assert.Equal(FailureClass.ClientError, (await SendAsync(Attempt(Section(server, "a", "publish", "")))).Failure);
    }

    private static (FailureClass, string?) Short(AttemptOutcome outcome) => (outcome.Failure, outcome.Error);

    private async Task<AttemptOutcome> SendAsync(AttemptRequest attempt)
    {
        await using var dispatcher = NatsRequestComplianceTests.Create(Secrets);
        return await dispatcher.DispatchAsync(attempt, TestContext.Current.CancellationToken);
    }
}
