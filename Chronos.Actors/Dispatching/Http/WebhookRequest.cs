using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Dispatching.Templates;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>One attempt with every template rendered and every secret in its place, before any hop.</summary>
internal sealed class WebhookRequest
{
    private const int SectionsKept = 10_000;
    private const int LongestKept = 16 * 1024;
    private static readonly ConcurrentDictionary<string, WebhookSection> Sections = new(StringComparer.Ordinal);

    private readonly AttemptRequest _attempt;
    private readonly AttemptSecrets _secrets;
    private readonly Lazy<string?> _payload;

    private WebhookRequest(AttemptRequest attempt, AttemptSecrets secrets)
    {
        (_attempt, _secrets) = (attempt, secrets);
        _payload = new Lazy<string?>(() => attempt.Payload is null ? null : TemplateJson.Render(attempt.Payload, "payload", RenderInPayload));
        Section = Parse(attempt.Target.Section);
    }

    public WebhookSection Section { get; }

    public required Uri Url { get; init; }

    /// <summary>Headers of the section, with whether they hold a secret.</summary>
    public required IReadOnlyList<(string Name, string Value, bool Secret)> Headers { get; init; }

    /// <summary>Null: no body at all.</summary>
    public required byte[]? Body { get; init; }

    public required string ContentType { get; init; }

    public required bool BodyHoldsSecret { get; init; }

    /// <summary>Renders and resolves.</summary>
    /// <exception cref="RequestFaultException">A template or a secret is at fault; the message names it and holds no value.</exception>
    public static WebhookRequest Prepare(AttemptRequest attempt, AttemptSecrets secrets)
    {
        var draft = new WebhookRequest(attempt, secrets) { Url = null!, Headers = [], Body = null, ContentType = string.Empty, BodyHoldsSecret = false };
        return draft.Complete();
    }

    private static WebhookSection Parse(string section)
    {
        if (Sections.TryGetValue(section, out var known))
        {
            return known;
        }

        try
        {
            var parsed = WebhookSection.Parse(section);
            if (Sections.Count >= SectionsKept)
            {
                Sections.Clear();
            }

            return section.Length <= LongestKept ? Sections.GetOrAdd(section, parsed) : parsed;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw new RequestFaultException("the webhook section of the job cannot be read");
        }
    }

    private WebhookRequest Complete()
    {
        var (body, type, bodySecret) = MakeBody();
        var headers = Section.Headers.Select(header => MakeHeader(header)).ToList();
        headers.AddRange(MakeAuth());
        return new WebhookRequest(_attempt, _secrets) { Url = MakeUrl(), Headers = headers, Body = body, ContentType = type, BodyHoldsSecret = bodySecret };
    }

    private Uri MakeUrl()
    {
        var url = Render(Section.Url, "webhook.url", out _);
        if (WebhookUrl.Fault(url) is { } fault || !Uri.TryCreate(url, UriKind.Absolute, out var parsed))
        {
            throw new RequestFaultException($"webhook.url: the address that the template makes {WebhookUrl.Fault(url) ?? "cannot be read"}");
        }

        var query = new StringBuilder(parsed.Query.TrimStart('?'));
        foreach (var field in Section.Query)
        {
            Add(query, field.Name, Render(field.Value, $"webhook.query.{field.Name}", out _));
        }

        if (Section.Auth is WebhookAuth.QueryKey key)
        {
            Add(query, key.Name, _secrets.Get(key.Value.Name));
        }

        return new UriBuilder(parsed) { Query = query.ToString(), Fragment = string.Empty }.Uri;

        static void Add(StringBuilder query, string name, string value) =>
            query.Append(query.Length > 0 ? "&" : string.Empty).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
    }

    private (string, string, bool) MakeHeader(WebhookField header)
    {
        var value = Render(header.Value, $"webhook.headers.{header.Name}", out var secret);
        if (secret)
        {
            _secrets.Hide(value);
        }

        return HeaderRules.IsValue(value)
            ? (header.Name, value, secret || HeaderRules.IsCredential(header.Name))
            : throw new RequestFaultException($"webhook.headers.{header.Name}: the value that the template makes has a line break or a control character");
    }

    private IEnumerable<(string, string, bool)> MakeAuth()
    {
        switch (Section.Auth)
        {
            case WebhookAuth.Basic basic:
                var pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{basic.Username}:{_secrets.Get(basic.Password.Name)}"));
                _secrets.Hide(pair);
                return [("Authorization", "Basic " + pair, true)];
            case WebhookAuth.Bearer bearer:
                return [("Authorization", "Bearer " + HeaderSecret(bearer.Token), true)];
            case WebhookAuth.HeaderKey key:
                return [(key.Name, HeaderSecret(key.Value), true)];
            case WebhookAuth.Hmac hmac:
                // Signed per hop; looked at now, so that a bad key is a fault of the request and its value is masked.
                return StandardWebhooks.Key(_secrets.Get(hmac.Key.Name)) is not null
                    ? []
                    : throw new RequestFaultException($"the secret '{hmac.Key.Name}' begins with whsec_ but does not go on in base64");
            default:
                return [];
        }
    }

    private string HeaderSecret(SecretRef secret)
    {
        var value = _secrets.Get(secret.Name);
        return HeaderRules.IsValue(value) ? value : throw new RequestFaultException($"the secret '{secret.Name}' has a line break or a control character and cannot be sent in a header");
    }

    private (byte[]? Body, string Type, bool Secret) MakeBody()
    {
        if (Section.Method is "GET" or "HEAD")
        {
            return (null, string.Empty, false);
        }

        if (Section.Body is not { } body)
        {
            var holds = _attempt.Payload is { } payload && TemplateText.IsTemplate(payload) && payload.Contains("secrets", StringComparison.Ordinal);
            return (_payload.Value is { } text ? Encoding.UTF8.GetBytes(text) : null, "application/json", holds);
        }

        var secret = false;
        var rendered = body.Kind == WebhookBodyKind.Text
            ? Render(body.Text, "webhook.body", out secret)
            : TemplateJson.Render(body.Text, "webhook.body", (text, path) =>
            {
                var value = Render(text, path, out var holds);
                secret |= holds;
                return value;
            });
        return (Encoding.UTF8.GetBytes(rendered), body.Kind == WebhookBodyKind.Json || IsJson(rendered) ? "application/json" : "text/plain; charset=utf-8", secret);
    }

    private string Render(string text, string field, out bool secret)
    {
        secret = false;
        if (!TemplateText.IsTemplate(text))
        {
            return text;
        }

        return Render(text, field, mentionsPayload => mentionsPayload ? _payload.Value ?? "null" : "null", out secret);
    }

    private string RenderInPayload(string text, string field) => Render(text, field, static _ => null, out _);

    private string Render(string text, string field, Func<bool, string?> payload, out bool secret)
    {
        if (!TemplateText.TryParse(text, out var template, out var error))
        {
            throw new RequestFaultException($"{field}: {error}");
        }

        secret = !template.Secrets.IsEmpty;
        var scope = TemplateScope.For(_attempt, payload(template.UsesPayload), _secrets.ForTemplate(template.Secrets, field));
        return template.TryRender(scope, out var rendered, out error) ? rendered : throw new RequestFaultException($"{field}: {error}");
    }

    private static bool IsJson(string text)
    {
        if (text.AsSpan().TrimStart() is not ['{' or '[', ..])
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
