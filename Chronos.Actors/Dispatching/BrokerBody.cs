using System.Text;
using Chronos.Actors.Dispatching.CloudEvents;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;

namespace Chronos.Actors.Dispatching;

/// <summary>The bytes of a message and what they are.</summary>
internal sealed record BrokerBody(byte[] Bytes, string ContentType)
{
    /// <summary>The body that the section gives, otherwise the payload of the job, otherwise nothing.</summary>
    /// <exception cref="RequestFaultException">A template or a secret is at fault.</exception>
    public static BrokerBody Of(AttemptTemplates templates, WebhookBody? body, string field)
    {
        if (body is null)
        {
            return new BrokerBody(templates.Payload is { } payload ? Encoding.UTF8.GetBytes(payload) : [], "application/json");
        }

        var text = templates.RenderBody(body, field, out _);
        return new BrokerBody(Encoding.UTF8.GetBytes(text), body.Kind == WebhookBodyKind.Json || WebhookRequest.IsJson(text) ? "application/json" : "text/plain; charset=utf-8");
    }

    /// <summary>The body as an event, when the job sends events, with the headers that belong to it.</summary>
    /// <exception cref="RequestFaultException">An attribute that a template made is none.</exception>
    public (BrokerBody Body, IReadOnlyList<(string Name, string Value)> Headers, CloudEventMessage? Event) AsEvent(
        AttemptRequest attempt, AttemptTemplates templates, AttemptSecrets secrets, CloudEventBinding binding)
    {
        if (CloudEventMessage.Of(attempt, templates, secrets, Bytes, ContentType) is not { } made)
        {
            return (this, [], null);
        }

        var (bytes, type) = made.Body();
        return (new BrokerBody(bytes ?? [], type ?? ""), [.. made.Headers(binding)], made);
    }

    /// <summary>The headers of the section, rendered, then those of the attempt, which nobody overrides.</summary>
    /// <exception cref="RequestFaultException">A value cannot be sent.</exception>
    public static IEnumerable<(string Name, string Value)> Headers(AttemptRequest attempt, AttemptTemplates templates, IEnumerable<WebhookField> headers, string section)
    {
        foreach (var header in headers)
        {
            var (name, value, _) = templates.RenderHeader(header, $"{section}.headers");
            yield return HeaderRules.IsValue(value)
                ? (name, value)
                : throw new RequestFaultException($"{section}.headers.{name}: the value that the template makes has a line break or a control character");
        }

        foreach (var (name, value) in AttemptIdentity.Headers(attempt))
        {
            yield return (name, value);
        }
    }
}
