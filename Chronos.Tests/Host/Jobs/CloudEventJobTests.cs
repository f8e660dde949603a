using System.Text.Json;
using Chronos.Tests.Actors.Dispatching;
using Chronos.Tests.Core.Scheduling;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Host.Jobs;

/// <summary>Events as a user of a whole node sends them.</summary>
[Collection(NodeCollection.Name)]
public sealed class CloudEventJobTests(SharedNode shared)
{
    private HostFixture Node => shared.Node;

    [Fact]
    public async Task A_job_sends_its_payload_as_an_event_whose_id_is_the_execution()
    {
        await using var target = await HttpTarget.StartAsync();
        var made = await Node.Post("/api/v1/jobs",
            $$$"""{"name":"events","webhook":{"url":"{{{target.Url}}}/ok"},"cloud_event":{"type":"closed","subject":"{{ payload.region }}"},"payload":{"region":"Zürich"}}""");
        Assert.Equal(201, (int)made.Status);
        Assert.Equal("""{"mode":"binary","type":"closed","subject":"{{ payload.region }}"}""", made.Json.GetProperty("cloud_event").GetRawText());

        var run = (await Node.Post("/api/v1/jobs/events/trigger", "{}")).Text("id")!;
        await Node.Until($"/api/v1/executions/{Uri.EscapeDataString(run)}", answer => answer.Text("status") == "succeeded");
        var received = Assert.Single(target.Received);
        Assert.Equal(
            (run, "closed", "Z%C3%BCrich", "/chronos/default/jobs/events", "1.0"),
            (received.Headers["ce-id"], received.Headers["ce-type"], received.Headers["ce-subject"], received.Headers["ce-source"], received.Headers["ce-specversion"]));

        // The same instant: one of the two formatters leaves out the zeros at its end.
        Assert.Equal(Given.Time(received.Headers["x-chronos-scheduled-time"]), Given.Time(received.Headers["ce-time"]));
        Assert.Equal(("application/json", """{"region":"Zürich"}"""), (received.Headers["content-type"], received.Body));

        var patched = await Node.Send(HttpMethod.Patch, "/api/v1/jobs/events", """{"cloud_event":null}""");
        Assert.False(patched.Json.TryGetProperty("cloud_event", out _));
    }

    [Fact]
    public async Task The_studio_shows_the_event_as_it_left()
    {
        await using var target = await HttpTarget.StartAsync();
        var answer = await Node.Post("/api/v1/studio/test",
            $$"""{"webhook":{"url":"{{target.Url}}/ok"},"cloud_event":{"type":"closed","mode":"structured"},"payload":{"n":1} }""");
        var sent = JsonDocument.Parse(answer.Json.GetProperty("sent")[0].GetProperty("body").GetString()!).RootElement;
        Assert.Equal(("closed", """{"n":1}"""), (sent.GetProperty("type").GetString(), sent.GetProperty("data").GetRawText()));
        Assert.Equal("structured", answer.Json.GetProperty("document").GetProperty("cloud_event").GetProperty("mode").GetString());
    }

    [Fact]
    public async Task What_is_wrong_with_an_event_is_named_by_its_field()
    {
        var answer = await Node.Post("/api/v1/jobs", """{"name":"wrong-event","webhook":{"url":"http://127.0.0.1:9/"},"cloud_event":{"mode":"batch","extensions":{"Big":1}}}""");
        Assert.Equal(400, (int)answer.Status);
        Assert.Equal(["cloud_event.type", "cloud_event.mode", "cloud_event.extensions.Big"], answer.Fields.OrderByDescending(field => field.Contains("type", StringComparison.Ordinal)).ThenByDescending(field => field, StringComparer.Ordinal));
    }
}
