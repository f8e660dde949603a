using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Grpc;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using Chronos.Tests.Protos;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

public sealed class GrpcDispatcherTests : IDisposable
{
    private readonly FixedSecrets _secrets = new() { ["right"] = DispatcherCompliance.Secret, ["wrong"] = DispatcherCompliance.WrongSecret };
    private readonly CircuitBoard _circuits = new(new CircuitOptions(), TimeProvider.System);
    private GrpcDispatcher? _dispatcher;

    private GrpcDispatcher Dispatcher => _dispatcher ??= new GrpcDispatcher(new GrpcDispatchOptions { AllowPrivateTargets = true }, _secrets, _circuits, TimeProvider.System);

    /// <summary>Descriptors of the test's service with all imports, as protoc writes them.</summary>
    public static string DescriptorSet
    {
        get
        {
            var set = new FileDescriptorSet();
            foreach (var file in CourierReflection.Descriptor.Dependencies.Append(CourierReflection.Descriptor))
            {
                set.File.Add(FileDescriptorProto.Parser.ParseFrom(file.SerializedData));
            }

            return Convert.ToBase64String(set.ToByteArray());
        }
    }

    public void Dispose() => _dispatcher?.Dispose();

    [Fact]
    public async Task An_answer_comes_back_as_JSON()
    {
        await using var target = await GrpcTarget.StartAsync();
        var outcome = await Send(target.Calling("Deliver", ""","message":{"n":7,"text":"{{ job.name }} {{ execution.attempt }}"}"""));

        Assert.Equal((FailureClass.None, 0, """{"text":"fine","number":7}"""), (outcome.Failure, outcome.StatusCode, outcome.Excerpt));
        Assert.Equal("OK", outcome.Facts["grpc_status"]);
        Assert.Equal("""{"n":7,"text":"courier 1"}""", Assert.Single(target.Received).Body);
    }

    [Fact]
    public async Task Every_kind_of_field_goes_there_and_comes_back()
    {
        const string Json = """
            {"anInt64":"-9007199254740993","aDouble":0.1,"someBytes":"AQI=","colour":"COLOUR_RED","inner":{"name":"é","child":{}},"packedInts":[1,2],"words":{"a":"b"},
             "chosenNumber":0,"at":"2026-11-24T15:00:00.000000001Z","lasts":"1.500s","free":{"a":[1,null,true]},"any":{"@type":"type.googleapis.com/chronos.tests.Parcel","n":1},"stringValue":""}
            """;
        await using var target = await GrpcTarget.StartAsync();
        var outcome = await Send(target.Calling("Echo", "," + $"\"message\":{Json}"));

        Assert.Equal(FailureClass.None, outcome.Failure);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Json), JsonNode.Parse(outcome.Excerpt!)), outcome.Excerpt);
    }

    [Fact]
    public async Task A_stream_is_read_to_its_end_one_line_for_each_message()
    {
        await using var target = await GrpcTarget.StartAsync();
        var outcome = await Send(target.Calling("Track", ""","message":{"n":3}"""));

        Assert.Equal(FailureClass.None, outcome.Failure);
        Assert.Equal("3", outcome.Facts["messages"]);
        Assert.Equal(3, outcome.Excerpt!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);

        var broken = await Send(target.Calling("Track", ""","message":{"n":-3}"""));
        Assert.Equal((FailureClass.ServerError, 10), (broken.Failure, broken.StatusCode));
    }

    [Fact]
    public async Task A_long_stream_is_cut_but_its_status_counts()
    {
        await using var target = await GrpcTarget.StartAsync();
        var text = new string('y', 100_000);
        var outcome = await Send(target.Calling("Track", $$""","message":{"n":30,"text":"{{text}}"}"""));

        Assert.Equal((FailureClass.None, "30", "true"), (outcome.Failure, outcome.Facts["messages"], outcome.Facts["truncated"]));
        Assert.InRange(outcome.Output!.Length, 1, 1024 * 1024);
    }

    [Theory]
    [InlineData(1, FailureClass.ServerError)]
    [InlineData(2, FailureClass.ServerError)]
    [InlineData(3, FailureClass.ClientError)]
    [InlineData(4, FailureClass.Timeout)]
    [InlineData(5, FailureClass.ClientError)]
    [InlineData(6, FailureClass.ClientError)]
    [InlineData(7, FailureClass.ClientError)]
    [InlineData(8, FailureClass.TooManyRequests)]
    [InlineData(9, FailureClass.ClientError)]
    [InlineData(10, FailureClass.ServerError)]
    [InlineData(11, FailureClass.ClientError)]
    [InlineData(12, FailureClass.ClientError)]
    [InlineData(13, FailureClass.ServerError)]
    [InlineData(14, FailureClass.ServerError)]
    [InlineData(15, FailureClass.ClientError)]
    [InlineData(16, FailureClass.ClientError)]
    public async Task A_status_says_whether_it_may_be_tried_again(int code, FailureClass expected)
    {
        await using var target = await GrpcTarget.StartAsync();
        var outcome = await Send(target.Calling("Answer", $$""","message":{"code":{{code}},"detail":"because\nof this","pushbackMs":"2500"}"""));

        Assert.Equal((expected, code, TimeSpan.FromSeconds(2.5)), (outcome.Failure, outcome.StatusCode, outcome.RetryAfter));
        Assert.EndsWith(": because of this", outcome.Error, StringComparison.Ordinal);
        Assert.Contains(outcome.Facts["grpc_status"], outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_method_that_is_not_there_is_named()
    {
        await using var target = await GrpcTarget.StartAsync();
        var method = await Send(target.Calling("Fly"));
        var service = await Send(GrpcTarget.Section($$"""{"target":"{{target.Url}}","method":"chronos.tests.Pigeon/Deliver"}"""));
        var stream = await Send(target.Calling("Upload"));

        Assert.Equal((FailureClass.ClientError, 12), (method.Failure, method.StatusCode));
        Assert.Contains("chronos.tests.Courier/Fly", method.Error, StringComparison.Ordinal);
        Assert.Contains("Deliver", method.Error, StringComparison.Ordinal);
        Assert.Equal(FailureClass.ClientError, service.Failure);
        Assert.Contains("chronos.tests.Pigeon", service.Error, StringComparison.Ordinal);
        Assert.Equal(FailureClass.ClientError, stream.Failure);
        Assert.Contains("stream", stream.Error, StringComparison.Ordinal);
        Assert.Empty(target.Received);
    }

    [Fact]
    public async Task Descriptors_of_the_job_do_without_reflection()
    {
        await using var target = await GrpcTarget.StartAsync(new GrpcTargetOptions { Reflection = false });
        var outcome = await Send(target.Calling("Deliver", $$""","message":{"n":3},"descriptor_set":"{{DescriptorSet}}" """));
        var without = await Send(target.Calling("Deliver", ""","message":{"n":3}"""));

        Assert.Equal("""{"text":"fine","number":3}""", outcome.Excerpt);
        Assert.Equal(FailureClass.ClientError, without.Failure);
        Assert.Contains("grpc.descriptor_set", without.Error, StringComparison.Ordinal);
        Assert.Single(target.Received);
    }

    [Fact]
    public async Task Reflection_is_asked_once_for_all_calls_on_one_channel()
    {
        await using var target = await GrpcTarget.StartAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Send(target.Accepting)));

        Assert.All(outcomes, outcome => Assert.Equal(FailureClass.None, outcome.Failure));
        Assert.Equal(1, target.Reflections);
        Assert.Equal(1, Dispatcher.Channels);
    }

    [Fact]
    public async Task A_job_with_a_wrong_credential_does_not_spoil_reflection_for_another()
    {
        await using var target = await GrpcTarget.StartAsync(new GrpcTargetOptions { GuardAll = true });
        var wrong = Enumerable.Range(0, 10).Select(_ => Send(target.Guarded("wrong")));
        var right = Enumerable.Range(0, 10).Select(_ => Send(target.Guarded("right")));

        Assert.All(await Task.WhenAll(right), outcome => Assert.Equal(FailureClass.None, outcome.Failure));
        Assert.All(await Task.WhenAll(wrong), outcome => Assert.Equal((FailureClass.ClientError, 16), (outcome.Failure, outcome.StatusCode)));
    }

    [Fact]
    public async Task A_message_that_does_not_fit_is_refused_by_its_path_before_it_is_sent()
    {
        await using var target = await GrpcTarget.StartAsync();
        var outcome = await Send(target.Calling("Deliver", ""","message":{"parcel":1}"""));
        var payload = await Send(target.Calling("Deliver"), attempt => attempt with { Payload = """{"n":"{{ job.name }}"}""" });

        Assert.Equal((FailureClass.Request, "grpc.message.parcel: chronos.tests.Parcel has no such field"), (outcome.Failure, outcome.Error));
        Assert.Equal((FailureClass.Request, "payload.n: is not a number"), (payload.Failure, payload.Error));
        Assert.Empty(target.Received);
    }

    [Fact]
    public async Task Metadata_and_deadline_reach_the_server()
    {
        await using var target = await GrpcTarget.StartAsync();
        await Send(
            target.Calling("Deliver", ""","metadata":{"X-Team":"{{ job.name }}","trace-bin":"AQID","authorization":"Token {{ secrets.right }}"}"""),
            attempt => attempt with { Timeout = TimeSpan.FromMinutes(5), Secrets = ["right"] });

        var headers = Assert.Single(target.Received).Headers;
        Assert.Equal("courier", headers["x-team"]);
        Assert.Equal("010203", headers["trace-bin"]);
        Assert.Equal("Token " + DispatcherCompliance.Secret, headers["authorization"]);
        Assert.InRange(DateTime.Parse(headers["deadline"], System.Globalization.CultureInfo.InvariantCulture).ToUniversalTime() - DateTime.UtcNow, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task A_signature_covers_the_message_as_it_was_sent()
    {
        await using var target = await GrpcTarget.StartAsync();
        await Send(target.Calling("Deliver", ""","message":{"n":7},"auth":{"type":"hmac","secret":{"secret":"right"}}"""));

        var headers = Assert.Single(target.Received).Headers;
        var at = DateTimeOffset.FromUnixTimeSeconds(long.Parse(headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture));
        var key = Chronos.Actors.Dispatching.Http.StandardWebhooks.Key(DispatcherCompliance.Secret)!;
        Assert.Equal(Chronos.Actors.Dispatching.Http.StandardWebhooks.Sign(key, headers["webhook-id"], at, new Parcel { N = 7 }.ToByteArray()), headers["webhook-signature"]);
    }

    [Theory]
    [InlineData("true", 1, FailureClass.None)]
    [InlineData("true", 2, FailureClass.ServerError)]
    [InlineData("\"some.Service\"", 1, FailureClass.ClientError)]
    [InlineData("false", 2, FailureClass.None)]
    public async Task Health_is_asked_first_where_the_job_wants_it(string check, int status, FailureClass expected)
    {
        await using var target = await GrpcTarget.StartAsync(new GrpcTargetOptions { Health = new() { [string.Empty] = status } });
        var outcome = await Send(target.Calling("Deliver", "," + $"\"health_check\":{check}"));

        Assert.Equal(expected, outcome.Failure);
        Assert.Equal(expected == FailureClass.None ? 1 : 0, target.Received.Count);
    }

    [Fact]
    public async Task A_certificate_counts_only_for_those_who_trust_it_and_for_its_name()
    {
        using var certificate = GrpcTarget.Certificate("chronos.test");
        await using var target = await GrpcTarget.StartAsync(new GrpcTargetOptions { Certificate = certificate });
        var ca = JsonEncodedText.Encode(certificate.ExportCertificatePem());

        Assert.Equal(FailureClass.Connect, (await Send(target.Accepting)).Failure);
        Assert.Equal(FailureClass.Connect, (await Send(target.Calling("Deliver", $$""","tls":{"ca":"{{ca}}"}"""))).Failure);
        var trusted = await Send(target.Calling("Deliver", $$""","tls":{"ca":"{{ca}}","server_name":"chronos.test"}"""));
        Assert.Equal(FailureClass.None, trusted.Failure);
        Assert.Equal("chronos.test", Assert.Single(target.Received).Headers["authority"]);
    }

    [Fact]
    public async Task A_client_proves_itself_with_its_certificate()
    {
        using var certificate = GrpcTarget.Certificate("chronos.test");
        using var client = GrpcTarget.Certificate("client");
        using var stranger = GrpcTarget.Certificate("stranger");
        await using var target = await GrpcTarget.StartAsync(new GrpcTargetOptions { Certificate = certificate, Client = client });
        foreach (var (name, one) in new[] { ("client", client), ("stranger", stranger) })
        {
            _secrets[name + "-cert"] = one.ExportCertificatePem();
            _secrets[name + "-key"] = one.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem();
        }

        _secrets["no-cert"] = "no PEM";
        var ca = JsonEncodedText.Encode(certificate.ExportCertificatePem());
        DispatchTarget With(string who, string key) =>
            target.Calling("Deliver", $$""","tls":{"ca":"{{ca}}","server_name":"chronos.test","certificate":{"secret":"{{who}}-cert"},"key":{"secret":"{{key}}-key"} }""");

        Assert.Equal(FailureClass.None, (await Send(With("client", "client"))).Failure);
        Assert.Equal(FailureClass.Connect, (await Send(With("stranger", "stranger"))).Failure);
        Assert.Equal((FailureClass.Request, "grpc.tls: the certificate, its key or the authorities are no PEM that fits together"), await FailureOf(With("client", "stranger")));
        Assert.Equal(FailureClass.Request, (await Send(With("no", "client"))).Failure);
        Assert.Single(target.Received);
        Assert.Equal(2, Dispatcher.Channels);
    }

    [Fact]
    public async Task An_address_that_jobs_may_not_reach_is_refused_whatever_its_name_says()
    {
        await using var target = await GrpcTarget.StartAsync();
        using var strict = new GrpcDispatcher(new GrpcDispatchOptions(), _secrets, _circuits, TimeProvider.System, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));
        foreach (var host in new[] { "127.0.0.1", "harmless.example.com", "169.254.169.254" })
        {
            var section = $$"""{"target":"http://{{host}}:{{new Uri(target.Url).Port}}","method":"chronos.tests.Courier/Deliver"}""";
            var outcome = await strict.DispatchAsync(Attempt(GrpcTarget.Section(section)), TestContext.Current.CancellationToken);
            Assert.Equal(FailureClass.Request, outcome.Failure);
        }

        Assert.Empty(target.Received);
    }

    [Fact]
    public async Task A_server_that_comes_back_is_reached_again_and_its_new_face_is_seen()
    {
        var target = await GrpcTarget.StartAsync();
        var port = new Uri(target.Url).Port;
        var section = target.Accepting;
        Assert.Equal(FailureClass.None, (await Send(section)).Failure);
        await target.DisposeAsync();
        Assert.Equal(FailureClass.Connect, (await Send(section)).Failure);
        await using var again = await GrpcTarget.StartAsync(new GrpcTargetOptions { Port = port });
        Assert.Equal(FailureClass.None, (await Send(section)).Failure);
        Assert.Single(again.Received);
    }

    [Fact]
    public async Task Broken_targets_open_their_circuit()
    {
        await using var target = await GrpcTarget.StartAsync();
        for (var i = 0; i < 10; i++)
        {
            await Send(target.Failing);
        }

        var outcome = await Send(target.Accepting);
        Assert.Equal(FailureClass.CircuitOpen, outcome.Failure);
        Assert.Equal(CircuitStatus.Open, _circuits.States()[target.Url]);
    }

    [Fact]
    public async Task A_message_that_is_too_large_is_not_tried_again()
    {
        await using var target = await GrpcTarget.StartAsync();
        var received = await Send(target.Calling("Big", ""","message":{"n":5000000}"""));
        var sent = await Send(target.Calling("Deliver"), attempt => attempt with { Payload = $$"""{"text":"{{new string('x', 5_000_000)}}"}""" });

        Assert.Equal((FailureClass.ClientError, 8), (received.Failure, received.StatusCode));
        Assert.Equal(FailureClass.ClientError, sent.Failure);
        Assert.Single(target.Received);
    }

    [Fact]
    public async Task Idle_channels_are_closed()
    {
        await using var first = await GrpcTarget.StartAsync();
        await using var second = await GrpcTarget.StartAsync();
        using var dispatcher = new GrpcDispatcher(new GrpcDispatchOptions { AllowPrivateTargets = true, MaxChannels = 1 }, _secrets, _circuits, TimeProvider.System);
        foreach (var target in new[] { first, second, first, second })
        {
            Assert.Equal(FailureClass.None, (await dispatcher.DispatchAsync(Attempt(target.Accepting), TestContext.Current.CancellationToken)).Failure);
            Assert.Equal(1, dispatcher.Channels);
        }
    }

    private static AttemptRequest Attempt(DispatchTarget target)
    {
        var job = JobId.For(TenantId.Default, "courier");
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        return new AttemptRequest(
            TenantId.Default, job, "courier", 1, ExecutionId.ForSlot(job, at), 1, at, target, null, TimeSpan.FromSeconds(20), [],
            ImmutableSortedDictionary<string, string>.Empty, "0af7651916cd43dd8448eb211c80319c");
    }

    [Fact]
    public async Task A_token_of_client_credentials_is_fetched_once_kept_and_fetched_again_when_the_target_does_not_take_it()
    {
        var fetched = 0;
        await using var endpoint = await WebServer.Start(
            Listening.Plain, http => http.Response.WriteAsync($$"""{"access_token":"token-{{Interlocked.Increment(ref fetched)}}","token_type":"Bearer","expires_in":1000}"""));
        await using var target = await GrpcTarget.StartAsync();
        var auth = $$""","auth":{"type":"oauth2","token_url":"{{endpoint.Url}}/token","client_id":"me","client_secret":{"secret":"right"},"scopes":["a"]}""";
        foreach (var _ in Enumerable.Range(0, 2))
        {
            Assert.Equal(FailureClass.None, (await Send(target.Calling("Take", auth))).Failure);
            Assert.Equal("Bearer token-1", target.Received[^1].Headers["authorization"]);
        }

        Assert.Equal(1, fetched);

        // This method takes another credential: UNAUTHENTICATED to a token that was kept is asked about once more, with a new one.
        var refused = await Send(target.Calling("Guarded", auth));
        Assert.Equal((FailureClass.ClientError, 2), (refused.Failure, fetched));
        Assert.DoesNotContain("token-", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_gives_no_token_fails_the_attempt_and_the_target_is_not_called()
    {
        await using var endpoint = await WebServer.Start(Listening.Plain, http =>
        {
            http.Response.StatusCode = 401;
            return http.Response.WriteAsync("""{"error":"invalid_client"}""");
        });
        await using var target = await GrpcTarget.StartAsync();
        var outcome = await Send(target.Calling(
            "Take", $$""","auth":{"type":"oauth2","token_url":"{{endpoint.Url}}/token","client_id":"me","client_secret":{"secret":"wrong"} }"""));
        Assert.Equal(FailureClass.ClientError, outcome.Failure);
        Assert.Contains("invalid_client", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(DispatcherCompliance.WrongSecret, outcome.Error, StringComparison.Ordinal);
        Assert.Empty(target.Received);
    }

    private Task<AttemptOutcome> Send(DispatchTarget target) => Send(target, static attempt => attempt);

    private Task<AttemptOutcome> Send(DispatchTarget target, Func<AttemptRequest, AttemptRequest> with) =>
        Dispatcher.DispatchAsync(with(Attempt(target)), TestContext.Current.CancellationToken);

    private async Task<(FailureClass, string?)> FailureOf(DispatchTarget target)
    {
        var outcome = await Send(target);
        return (outcome.Failure, outcome.Error);
    }
}
