using System.Text.Json;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Dispatching;

public sealed class CloudEventSectionTests
{
    [Fact]
    public void An_event_is_part_of_the_document_and_comes_back_in_canonical_form()
    {
        var job = Read(
            """{"name":"e","webhook":{"url":"http://a"},"cloud_event":{"extensions":{"n":7,"flag":true,"partitionkey":"{{ job.name }}"},"subject":"s","source":"/x","type":"t","mode":"structured"}}""", out var violations);
        Assert.Empty(violations);
        var text = JobDocument.ToJson(job!);
        Assert.Equal(
            """{"name":"e","webhook":{"url":"http://a"},"cloud_event":{"mode":"structured","type":"t","source":"/x","subject":"s","extensions":{"n":7,"flag":true,"partitionkey":"{{ job.name }}"}}}""", text);
        using var document = JsonDocument.Parse(text);
        Assert.Equal(job, JobDocument.ReadStored(document.RootElement));
        Assert.NotEqual(job, Read(text.Replace("\"t\"", "\"u\"", StringComparison.Ordinal), out _));
    }

    [Theory]
    [InlineData("7", "cloud_event")]
    [InlineData("{}", "cloud_event.type")]
    [InlineData("""{"type":""}""", "cloud_event.type")]
    [InlineData("""{"type":"a\u0007"}""", "cloud_event.type")]
    [InlineData("""{"type":"a\uFFFE"}""", "cloud_event.type")]
    [InlineData("""{"type":"{{ nothing }}"}""", "cloud_event.type")]
    [InlineData("""{"type":"t","mode":"batch"}""", "cloud_event.mode")]
    [InlineData("""{"type":"t","source":""}""", "cloud_event.source")]
    [InlineData("""{"type":"t","source":"a b"}""", "cloud_event.source")]
    [InlineData("""{"type":"t","source":"/%zz"}""", "cloud_event.source")]
    [InlineData("""{"type":"t","subject":""}""", "cloud_event.subject")]
    [InlineData("""{"type":"t","data_schema":"relative"}""", "cloud_event.data_schema")]
    [InlineData("""{"type":"t","data_content_type":"json"}""", "cloud_event.data_content_type")]
    [InlineData("""{"type":"t","data_base64":"%"}""", "cloud_event.data_base64")]
    [InlineData("""{"type":"t","id":"mine"}""", "cloud_event.id")]
    [InlineData("""{"type":"t","extensions":[]}""", "cloud_event.extensions")]
    [InlineData("""{"type":"t","extensions":{"Upper":"x"}}""", "cloud_event.extensions.Upper")]
    [InlineData("""{"type":"t","extensions":{"with_dash":"x"}}""", "cloud_event.extensions.with_dash")]
    [InlineData("""{"type":"t","extensions":{"waytoolongforaspecname":"x"}}""", "cloud_event.extensions.waytoolongforaspecname")]
    [InlineData("""{"type":"t","extensions":{"time":"x"}}""", "cloud_event.extensions.time")]
    [InlineData("""{"type":"t","extensions":{"x":1.5}}""", "cloud_event.extensions.x")]
    [InlineData("""{"type":"t","extensions":{"x":null}}""", "cloud_event.extensions.x")]
    [InlineData("""{"type":"{{ secrets.a }}"}""", "secrets")]
    public void What_is_wrong_is_named_by_its_field(string section, string field)
    {
        Assert.Null(Read($$$"""{"name":"e","webhook":{"url":"http://a"},"cloud_event":{{{section}}} }""", out var violations));
        Assert.Contains(field, violations.Select(violation => violation.Field));
    }

    [Theory]
    [InlineData("""{"webhook":{"url":"http://a","headers":{"ce-id":"x"}}}""", "webhook.headers.ce-id")]
    [InlineData("""{"webhook":{"url":"http://a","headers":{"Content-Type":"text/plain"}}}""", "webhook.headers.Content-Type")]
    [InlineData("""{"webhook":{"url":"http://a","method":"GET"}}""", "webhook.method")]
    [InlineData("""{"kafka":{"brokers":["a:1"],"topic":"t","headers":{"ce_id":"x"}}}""", "kafka.headers.ce_id")]
    [InlineData("""{"nats":{"url":"nats://a","subject":"s","headers":{"ce-type":"x"}}}""", "nats.headers.ce-type")]
    [InlineData("""{"rabbitmq":{"url":"amqp://a","queue":"q","headers":{"cloudEvents_id":"x"}}}""", "rabbitmq.headers.cloudEvents_id")]
    [InlineData("""{"rabbitmq":{"url":"amqp://a","queue":"q","content_type":"text/plain"}}""", "rabbitmq.content_type")]
    [InlineData("""{"grpc":{"target":"http://a","method":"a.B/C","metadata":{"ce-id":"x"}}}""", "grpc.metadata.ce-id")]
    public void What_the_event_sets_the_section_may_not(string document, string field)
    {
        Assert.Null(Read($$$"""{"name":"e","cloud_event":{"type":"t","mode":"structured"},{{{document[1..]}}}""", out var violations));
        Assert.Equal(field, Assert.Single(violations).Field);
    }

    [Theory]
    [InlineData("""{"webhook":{"url":"http://a"},"payload":1}""")]
    [InlineData("""{"webhook":{"url":"http://a","body":"x"}}""")]
    [InlineData("""{"webhook":{"url":"http://a","form":{"a":"x"}}}""")]
    [InlineData("""{"webhook":{"url":"http://a","multipart":[{"name":"a","value":"x"}]}}""")]
    [InlineData("""{"grpc":{"target":"http://a","method":"a.B/C"}}""")]
    public void Data_in_base64_is_the_only_data(string document)
    {
        Assert.Null(Read($$$"""{"name":"e","cloud_event":{"type":"t","data_base64":"AAE="},{{{document[1..]}}}""", out var violations));
        Assert.Equal("cloud_event.data_base64", Assert.Single(violations).Field);
    }

    [Fact]
    public void Data_in_base64_needs_a_method_that_sends_a_body()
    {
        Assert.Null(Read("""{"name":"e","webhook":{"url":"http://a","method":"GET"},"cloud_event":{"type":"t","data_base64":"AAE="}}""", out var violations));
        Assert.Equal("webhook.method", Assert.Single(violations).Field);
    }

    [Theory]
    [InlineData("""{"webhook":{"url":"http://a","form":{"a":"x"}}}""")]
    [InlineData("""{"webhook":{"url":"http://a","multipart":[{"name":"a","value":"x"}]}}""")]
    public void A_form_keeps_the_type_that_says_how_to_read_it(string document)
    {
        Assert.Null(Read($$$"""{"name":"e","cloud_event":{"type":"t","data_content_type":"application/json"},{{{document[1..]}}}""", out var violations));
        Assert.Equal("cloud_event.data_content_type", Assert.Single(violations).Field);
    }

    private static JobDefinition? Read(string text, out List<Violation> violations)
    {
        violations = [];
        using var document = JsonDocument.Parse(text);
        return JobDocument.Read(document.RootElement, violations);
    }
}
