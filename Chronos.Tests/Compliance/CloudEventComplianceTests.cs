using System.Text.Json;
using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Grpc;
using Chronos.Actors.Dispatching.Http;
using Chronos.Actors.Dispatching.Kafka;
using Chronos.Core.Dispatching;
using Chronos.Tests.Actors.Dispatching;
using Xunit;

namespace Chronos.Tests.Compliance;

/// <summary>Events over HTTP, to Kestrel.</summary>
public sealed class HttpCloudEventTests : CloudEventCompliance
{
    protected override async Task<IComplianceTarget> StartTargetAsync() => await HttpTarget.StartAsync();

    protected override IDispatcher CreateDispatcher(ISecretSource secrets) => new HttpDispatcher(
        new HttpDispatchOptions { AllowPrivateTargets = true }, secrets, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System);

    protected override ReadEvent ReadBinary(IComplianceTarget target, Received received, out string? contentType)
    {
        contentType = received.Headers.GetValueOrDefault("content-type");
        return ReadHeaders(received, "ce-", Uri.UnescapeDataString);
    }

    protected override ReadEvent ReadStructured(IComplianceTarget target, Received received) => ReadJson(received.Body, received.Headers.GetValueOrDefault("content-type"));
}

/// <summary>Events over gRPC: as metadata, and as the message <c>io.cloudevents.v1.CloudEvent</c> that a generated server reads.</summary>
public sealed class GrpcCloudEventTests : CloudEventCompliance
{
    [Fact]
    public async Task A_method_that_takes_no_event_is_not_called_with_one()
    {
        await using var target = (GrpcTarget)await StartTargetAsync();
        var outcome = await SendAsync(Attempt(target.Calling("Deliver") with { CloudEvent = """{"mode":"structured","type":"t"}""" }));
        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.Contains("chronos.tests.Parcel", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(target.Received);
    }

    protected override string DataContentType => "application/protobuf";

    protected override async Task<IComplianceTarget> StartTargetAsync() => await GrpcTarget.StartAsync();

    protected override IDispatcher CreateDispatcher(ISecretSource secrets) => new GrpcDispatcher(
        new GrpcDispatchOptions { AllowPrivateTargets = true }, secrets, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System);

    protected override DispatchTarget AcceptingEvents(IComplianceTarget target) => ((GrpcTarget)target).Calling("Event");

    protected override ReadEvent ReadBinary(IComplianceTarget target, Received received, out string? contentType)
    {
        var read = ReadHeaders(received, "ce-", Uri.UnescapeDataString);
        contentType = read.Attributes["datacontenttype"];
        return read;
    }

    protected override ReadEvent ReadStructured(IComplianceTarget target, Received received)
    {
        using var document = JsonDocument.Parse(received.Body);
        var root = document.RootElement;
        var attributes = new Dictionary<string, string>
        {
            ["id"] = root.GetProperty("id").GetString()!,
            ["source"] = root.GetProperty("source").GetString()!,
            ["type"] = root.GetProperty("type").GetString()!,
            ["specversion"] = root.GetProperty("specVersion").GetString()!,
        };
        foreach (var attribute in root.GetProperty("attributes").EnumerateObject())
        {
            var value = attribute.Value.EnumerateObject().Single();
            Assert.Equal(attribute.Name switch { "time" => "ceTimestamp", "dataschema" => "ceUri", "n" => "ceInteger", "flag" => "ceBoolean", _ => "ceString" }, value.Name);
            attributes[attribute.Name] = value.Value.ValueKind == JsonValueKind.String ? value.Value.GetString()! : value.Value.GetRawText();
        }

        return new ReadEvent(attributes, root.GetProperty("textData").GetString()!);
    }
}

/// <summary>Events over NATS, to a service on a nats-server.</summary>
public sealed class NatsCloudEventTests : CloudEventCompliance
{
    protected override async Task<IComplianceTarget> StartTargetAsync() => await NatsTarget.StartAsync("request");

    protected override IDispatcher CreateDispatcher(ISecretSource secrets) => NatsRequestComplianceTests.Create(secrets);

    protected override ReadEvent ReadBinary(IComplianceTarget target, Received received, out string? contentType)
    {
        var read = ReadHeaders(received, "ce-", Uri.UnescapeDataString);
        contentType = read.Attributes["datacontenttype"];
        Assert.Equal(contentType, received.Headers["content-type"]);
        return read;
    }

    protected override ReadEvent ReadStructured(IComplianceTarget target, Received received) => ReadJson(received.Body, received.Headers.GetValueOrDefault("content-type"));
}

/// <summary>Events to librdkafka's mock cluster.</summary>
[Trait("speed", "slow")]
public sealed class KafkaCloudEventTests : CloudEventCompliance, IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("kafka", "akka.loglevel = WARNING");

    public void Dispose() => _system.Dispose();

    protected override async Task<IComplianceTarget> StartTargetAsync() => await KafkaTarget.StartAsync();

    protected override IDispatcher CreateDispatcher(ISecretSource secrets) => new KafkaDispatcher(
        new KafkaDispatchOptions { AllowPrivateTargets = true }, secrets, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System, () => _system);

    protected override ReadEvent ReadBinary(IComplianceTarget target, Received received, out string? contentType)
    {
        contentType = received.Headers.GetValueOrDefault("content-type");
        return ReadHeaders(received, "ce_", static value => value);
    }

    protected override ReadEvent ReadStructured(IComplianceTarget target, Received received) => ReadJson(received.Body, received.Headers.GetValueOrDefault("content-type"));
}

/// <summary>Events to a real RabbitMQ.</summary>
[Trait("speed", "slow")]
public sealed class RabbitMqCloudEventTests : CloudEventCompliance
{
    protected override async Task<IComplianceTarget> StartTargetAsync() => await RabbitTarget.StartAsync();

    protected override IDispatcher CreateDispatcher(ISecretSource secrets) => RabbitMqDispatcherComplianceTests.Create(secrets);

    protected override ReadEvent ReadBinary(IComplianceTarget target, Received received, out string? contentType)
    {
        contentType = ((RabbitTarget)target).Properties.Last().ContentType;
        return ReadHeaders(received, "cloudEvents_", static value => value);
    }

    protected override ReadEvent ReadStructured(IComplianceTarget target, Received received) => ReadJson(received.Body, ((RabbitTarget)target).Properties.Last().ContentType);
}
