using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Dispatching.Templates;

namespace Chronos.Actors.Dispatching;

/// <summary>Renders the templates of one attempt with its values and its secrets; for every protocol alike.</summary>
/// <remarks>Each method throws <see cref="RequestFaultException"/> when a template or a secret is at fault; the message names the field and holds no value.</remarks>
internal sealed class AttemptTemplates
{
    private readonly AttemptRequest _attempt;
    private readonly AttemptSecrets _secrets;
    private readonly Lazy<string?> _payload;

    public AttemptTemplates(AttemptRequest attempt, AttemptSecrets secrets)
    {
        (_attempt, _secrets) = (attempt, secrets);
        _payload = new Lazy<string?>(() => attempt.Payload is null ? null : TemplateJson.Render(attempt.Payload, "payload", RenderInPayload));
    }

    /// <summary>The payload of the job as it is sent, JSON; null when it has none.</summary>
    public string? Payload => _payload.Value;

    /// <summary>Whether the payload holds what came from a secret.</summary>
    public bool PayloadHoldsSecret => _attempt.Payload is { } payload && TemplateText.IsTemplate(payload)
        && (payload.Contains("secrets", StringComparison.Ordinal) || payload.Contains("callback", StringComparison.Ordinal));

    public string Render(string text, string field) => Render(text, field, out _);

    public string Render(string text, string field, out bool secret)
    {
        secret = false;
        return TemplateText.IsTemplate(text) ? Render(text, field, mentionsPayload => mentionsPayload ? _payload.Value ?? "null" : "null", out secret) : text;
    }

    /// <summary>A header; what is made of a secret is hidden as a whole.</summary>
    public (string Name, string Value, bool Secret) RenderHeader(WebhookField header, string section)
    {
        var value = Render(header.Value, $"{section}.{header.Name}", out var secret);
        if (secret)
        {
            _secrets.Hide(value);
        }

        return (header.Name, value, secret);
    }

    /// <summary>The body of a section, text or JSON.</summary>
    public string RenderBody(WebhookBody body, string field, out bool secret)
    {
        if (body.Kind == WebhookBodyKind.Text)
        {
            return Render(body.Text, field, out secret);
        }

        var any = false;
        var rendered = TemplateJson.Render(body.Text, field, (text, path) =>
        {
            var value = Render(text, path, out var holds);
            any |= holds;
            return value;
        });
        secret = any;
        return rendered;
    }

    private string RenderInPayload(string text, string field) => Render(text, field, static _ => null, out _);

    private string Render(string text, string field, Func<bool, string?> payload, out bool secret)
    {
        if (!TemplateText.TryParse(text, out var template, out var error))
        {
            throw new RequestFaultException($"{field}: {error}");
        }

        secret = template.HoldsSecret;
        var scope = TemplateScope.For(_attempt, payload(template.UsesPayload), _secrets.ForTemplate(template.Secrets, field));
        return template.TryRender(scope, out var rendered, out error) ? rendered : throw new RequestFaultException($"{field}: {error}");
    }
}
