using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.CloudEvents;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Compliance;
using CloudNative.CloudEvents.SystemTextJson;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

/// <summary>The cases of the specification and its JSON format, apart from any network.</summary>
public sealed class CloudEventMessageTests
{
    [Theory]
    [InlineData("Euro € 😀", "Euro%20%E2%82%AC%20%F0%9F%98%80")]
    [InlineData("100% \"sure\"", "100%25%20%22sure%22")]
    [InlineData("a/b?c=d&e'f\\g~", "a/b?c=d&e'f\\g~")]
    [InlineData("", "")]
    [InlineData("é\u007f\t", "%C3%A9%7F%09")]
    public void Values_are_percent_encoded_as_the_HTTP_binding_has_it(string value, string expected) => Assert.Equal(expected, CloudEventMessage.Encode(value));

    [Fact]
    public void The_required_attributes_are_there_and_do_not_change_from_attempt_to_attempt()
    {
        var first = Attributes(Message("""{"mode":"binary","type":"t"}""", "1"));
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["specversion"] = "1.0",
                ["id"] = Attempt("{}", null).Execution.Value,
                ["source"] = "/chronos/default/jobs/compliance",
                ["type"] = "t",
                ["time"] = "2026-01-02T03:04:05Z",
            }, first);
        Assert.Equal(first, Attributes(Message("""{"mode":"binary","type":"t"}""", "1", attempt: 7)));
    }

    [Fact]
    public void Every_attribute_is_a_header_of_its_own_and_the_content_type_is_that_of_the_data()
    {
        var message = Message("""{"mode":"binary","type":"t","source":"urn:x","subject":"{{ job.name }} ü","data_schema":"http://s/1","extensions":{"n":-7,"flag":false,"text":""}}""", """{"a":1}""");
        var (body, type) = message.Body();
        Assert.Equal(("""{"a":1}""", "application/json"), (Encoding.UTF8.GetString(body!), type));
        var attributes = Attributes(message);
        Assert.Equal(("urn:x", "compliance%20%C3%BC", "http://s/1", "-7", "false"), (attributes["source"], attributes["subject"], attributes["dataschema"], attributes["n"], attributes["flag"]));
        Assert.DoesNotContain("datacontenttype", attributes.Keys);
        Assert.Contains(message.Headers(CloudEventBinding.Nats), header => header == ("ce-datacontenttype", "application/json"));
        Assert.Contains(message.Headers(CloudEventBinding.Kafka), header => header == ("ce_subject", "compliance ü"));
        Assert.Contains(message.Headers(CloudEventBinding.Amqp), header => header == ("cloudEvents_subject", "compliance ü"));
    }

    [Theory]
    [InlineData("""{"a":[1,null]}""", "application/json", """ "data":{"a":[1,null]} """)]
    [InlineData("7", "application/vnd.me+json; charset=utf-8", """ "data":7 """)]
    [InlineData("hello", "text/plain; charset=utf-8", """ "data":"hello" """)]
    [InlineData("<a/>", "application/xml", """ "data":"\u003Ca/\u003E" """)]
    public void Data_is_what_its_type_says(string data, string type, string expected)
    {
        var message = Message("""{"mode":"structured","type":"t"}""", data, type);
        var (body, contentType) = message.Body();
        var text = Encoding.UTF8.GetString(body!);
        Assert.Equal("application/cloudevents+json; charset=utf-8", contentType);
        Assert.Contains(expected.Trim(), text, StringComparison.Ordinal);
        Assert.Contains($"\"datacontenttype\":\"{type.Replace("+", "\\u002B", StringComparison.Ordinal)}\"", text, StringComparison.Ordinal);
        Assert.Empty(message.Headers(CloudEventBinding.Http));
        Assert.True(new JsonEventFormatter().DecodeStructuredModeMessage(body!, null, null).IsValid);
    }

    [Fact]
    public void Bytes_are_base64_in_the_document_and_bytes_in_the_body()
    {
        const string Section = """ "type":"t","data_base64":"AAH+/w==" """;
        var structured = Encoding.UTF8.GetString(Message($$"""{"mode":"structured",{{Section}}}""", null).Body().Body!);
        using var document = JsonDocument.Parse(structured);
        Assert.Equal(("AAH+/w==", "application/octet-stream"), (document.RootElement.GetProperty("data_base64").GetString(), document.RootElement.GetProperty("datacontenttype").GetString()));
        Assert.False(document.RootElement.TryGetProperty("data", out _));
        var (body, type) = Message($$"""{"mode":"binary",{{Section}},"data_content_type":"image/png"}""", null).Body();
        Assert.Equal([0, 1, 254, 255], body!);
        Assert.Equal("image/png", type);
    }

    /// <summary>A payload is JSON; a string of it that is said to be XML is sent as XML, and not with quotes around it.</summary>
    [Fact]
    public void A_string_of_another_type_than_JSON_is_its_bare_text()
    {
        const string Section = """ "type":"t","data_content_type":"application/xml" """;
        var (body, type) = Message($$"""{"mode":"binary",{{Section}}}""", "\"<a b=\\\"1\\\"/>\"").Body();
        Assert.Equal(("<a b=\"1\"/>", "application/xml"), (Encoding.UTF8.GetString(body!), type));
        using var document = JsonDocument.Parse(Message($$"""{"mode":"structured",{{Section}}}""", "\"<a/>\"").Body().Body!);
        Assert.Equal("<a/>", document.RootElement.GetProperty("data").GetString());
        Assert.Equal("""{"a":1}""", Encoding.UTF8.GetString(Message($$"""{"mode":"binary",{{Section}}}""", """{"a":1}""").Body().Body!));
    }

    [Fact]
    public void A_payload_that_was_given_to_one_run_takes_the_place_of_the_bytes()
    {
        var (body, type) = Message("""{"mode":"binary","type":"t","data_base64":"AAE=","data_content_type":"image/png"}""", "{}").Body();
        Assert.Equal(("{}", "application/json"), (Encoding.UTF8.GetString(body!), type));
    }

    [Fact]
    public void Without_data_there_is_neither_data_nor_a_body()
    {
        using var document = JsonDocument.Parse(Message("""{"mode":"structured","type":"t"}""", null).Body().Body!);
        Assert.Equal(["id", "source", "specversion", "time", "type"], document.RootElement.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
        Assert.Equal((null, null), Message("""{"mode":"binary","type":"t"}""", null).Body());
    }

    [Theory]
    [InlineData("type", "{{ payload.none | default: '' }}", "is empty")]
    [InlineData("source", "a {{ job.name }}", "URI")]
    [InlineData("data_schema", "{{ job.name }}", "URI")]
    [InlineData("data_content_type", "{{ job.name }}", "media type")]
    public void What_a_template_makes_is_judged_again(string field, string template, string why)
    {
        var type = field == "type" ? "" : "\"type\":\"t\",";
        var fault = Assert.Throws<RequestFaultException>(() => Message($$"""{"mode":"binary",{{type}}"{{field}}":"{{template}}"}""", "{}"));
        Assert.Contains($"cloud_event.{field}", fault.Message, StringComparison.Ordinal);
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_that_is_said_to_be_JSON_and_is_none_is_a_fault_of_the_request() =>
        Assert.Throws<RequestFaultException>(() => Message("""{"mode":"structured","type":"t","data_content_type":"application/json"}""", "no json", "text/plain").Body());

    private static Dictionary<string, string> Attributes(CloudEventMessage message) =>
        message.Headers(CloudEventBinding.Http).ToDictionary(header => header.Name["ce-".Length..], header => header.Value, StringComparer.Ordinal);

    private static CloudEventMessage Message(string section, string? data, string type = "application/json", int attempt = 1)
    {
        var request = Attempt(section, data) with { Attempt = attempt };
        var secrets = new AttemptSecrets(request, new FixedSecrets());
        return CloudEventMessage.Of(request, new AttemptTemplates(request, secrets), secrets, data is null ? null : Encoding.UTF8.GetBytes(data), type)!;
    }

    private static AttemptRequest Attempt(string section, string? payload)
    {
        var job = JobId.For(TenantId.Default, "compliance");
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        return new AttemptRequest(
            TenantId.Default, job, "compliance", 1, ExecutionId.ForSlot(job, at), 1, at, new DispatchTarget(Protocol.Http, "{}") { CloudEvent = section },
            payload is not null && WebhookRequest.IsJson(payload) ? payload : null, TimeSpan.FromSeconds(20), [], ImmutableSortedDictionary<string, string>.Empty, "");
    }
}
