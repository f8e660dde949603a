using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Kit;
using CloudNative.CloudEvents.SystemTextJson;
using Xunit;

namespace Chronos.Tests.Compliance;

/// <summary>An event as the other side read it. Attributes are in their canonical form.</summary>
public sealed record ReadEvent(IReadOnlyDictionary<string, string> Attributes, string Data);

/// <summary>What every dispatcher does with events, in both modes, proven by the other side. Inherited once per protocol.</summary>
public abstract class CloudEventCompliance
{
    private const string Section = """ "type":"com.example.closed","source":"/orders","subject":"Euro € 😀 100% \"x\"","data_schema":"http://example.com/s","extensions":{"n":7,"flag":true,"text":"ä b"} """;

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    private static readonly Dictionary<string, string> Expected = new()
    {
        ["specversion"] = "1.0",
        ["id"] = Attempt(new DispatchTarget(Protocol.Http, "{}")).Execution.Value,
        ["source"] = "/orders",
        ["type"] = "com.example.closed",
        ["subject"] = "Euro € 😀 100% \"x\"",
        ["time"] = "2026-01-02T03:04:05Z",
        ["dataschema"] = "http://example.com/s",
        ["n"] = "7",
        ["flag"] = "true",
        ["text"] = "ä b",
    };

    [Fact]
    public async Task A_binary_event_is_read_by_the_other_side_as_it_was_meant()
    {
        await using var target = await StartTargetAsync();
        var read = ReadBinary(target, await ReceiveAsync(target, Accepting(target), "binary", 1), out var contentType);
        Assert.Equal(DataContentType, contentType);
        Assert.Equal(Expected.OrderBy(pair => pair.Key, StringComparer.Ordinal), read.Attributes.Where(pair => pair.Key != "datacontenttype").OrderBy(pair => pair.Key, StringComparer.Ordinal));
        Assert.Equal("""{"n":7}""", read.Data);
    }

    [Fact]
    public async Task A_structured_event_is_read_by_the_other_side_as_it_was_meant()
    {
        await using var target = await StartTargetAsync();
        var read = ReadStructured(target, await ReceiveAsync(target, AcceptingEvents(target), "structured", 1));
        Assert.Equal(
            Expected.Append(KeyValuePair.Create("datacontenttype", "application/json")).OrderBy(pair => pair.Key, StringComparer.Ordinal),
            read.Attributes.OrderBy(pair => pair.Key, StringComparer.Ordinal));
        Assert.Equal("""{"n":7}""", read.Data);
    }

    [Fact]
    public async Task A_retry_sends_the_same_event()
    {
        await using var target = await StartTargetAsync();
        var first = ReadBinary(target, await ReceiveAsync(target, Accepting(target), "binary", 1), out _);
        var third = ReadBinary(target, await ReceiveAsync(target, Accepting(target), "binary", 3), out _);
        Assert.Equal(first.Attributes.OrderBy(pair => pair.Key, StringComparer.Ordinal), third.Attributes.OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    /// <summary>The type of the data in mode binary.</summary>
    protected virtual string DataContentType => "application/json";

    /// <summary>Where an event in mode binary is taken.</summary>
    protected virtual DispatchTarget Accepting(IComplianceTarget target) => target.Accepting;

    /// <summary>Where an event in mode structured is taken.</summary>
    protected virtual DispatchTarget AcceptingEvents(IComplianceTarget target) => target.Accepting;

    /// <summary>Reads attributes from headers as the binding of the protocol has them.</summary>
    protected abstract ReadEvent ReadBinary(IComplianceTarget target, Received received, out string? contentType);

    /// <summary>Reads the whole event.</summary>
    protected abstract ReadEvent ReadStructured(IComplianceTarget target, Received received);

    /// <summary>With the library of the specification, which did not write it.</summary>
    protected static ReadEvent ReadJson(string body, string? contentType)
    {
        Assert.Equal("application/cloudevents+json; charset=utf-8", contentType);
        var read = new JsonEventFormatter().DecodeStructuredModeMessage(Encoding.UTF8.GetBytes(body), null, null);
        Assert.True(read.IsValid);
        var attributes = read.GetPopulatedAttributes().ToDictionary(pair => pair.Key.Name, pair => pair.Key.Format(pair.Value), StringComparer.Ordinal);
        attributes["specversion"] = read.SpecVersion.VersionId;
        return new ReadEvent(attributes, ((JsonElement)read.Data!).GetRawText());
    }

    protected static ReadEvent ReadHeaders(Received received, string prefix, Func<string, string> decode) => new(
        received.Headers.Where(header => header.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(header => header.Key[prefix.Length..], header => decode(header.Value), StringComparer.Ordinal),
        received.Body);

    protected abstract Task<IComplianceTarget> StartTargetAsync();

    protected abstract IDispatcher CreateDispatcher(ISecretSource secrets);

    protected static AttemptRequest Attempt(DispatchTarget target)
    {
        var job = JobId.For(TenantId.Default, "compliance");
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        return new AttemptRequest(
            TenantId.Default, job, "compliance", 1, ExecutionId.ForSlot(job, at), 1, at, target, null, Long, [],
            ImmutableSortedDictionary<string, string>.Empty, "0af7651916cd43dd8448eb211c80319c");
    }

    protected async Task<AttemptOutcome> SendAsync(AttemptRequest attempt)
    {
        await using var sender = new ComplianceSender(CreateDispatcher(new FixedSecrets { ["right"] = DispatcherCompliance.Secret }));
        return await sender.SendAsync(attempt, TestContext.Current.CancellationToken);
    }

    private async Task<Received> ReceiveAsync(IComplianceTarget target, DispatchTarget to, string mode, int number)
    {
        var before = target.Received.Count;
        var attempt = Attempt(to with { CloudEvent = $$"""{"mode":"{{mode}}",{{Section}}}""" }) with { Payload = """{"n":7}""", Attempt = number };
        var outcome = await SendAsync(attempt);
        Assert.Equal((FailureClass.None, null), (outcome.Failure, outcome.Error));
        await Eventually.True(() => target.Received.Count > before, Long);
        return target.Received[before];
    }
}
