using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Chronos.Actors.Dispatching.CloudEvents;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>One attempt with every template rendered and every secret in its place, before any hop.</summary>
internal sealed class WebhookRequest
{
    private static readonly ParsedSections<WebhookSection> Sections = new("webhook", WebhookSection.Parse);

    private readonly AttemptRequest _attempt;
    private readonly AttemptSecrets _secrets;
    private readonly AttemptTemplates _templates;

    private WebhookRequest(AttemptRequest attempt, AttemptSecrets secrets)
    {
        (_attempt, _secrets) = (attempt, secrets);
        _templates = new AttemptTemplates(attempt, secrets);
        Section = Sections.Get(attempt.Target.Section);
    }

    public WebhookSection Section { get; }

    public required Uri Url { get; init; }

    /// <summary>Headers of the section, with whether they hold a secret.</summary>
    public required IReadOnlyList<(string Name, string Value, bool Secret)> Headers { get; init; }

    /// <summary>Null: no body at all.</summary>
    public required byte[]? Body { get; init; }

    public required string ContentType { get; init; }

    public required bool BodyHoldsSecret { get; init; }

    /// <summary>With what, and through whom, the target is reached.</summary>
    public HttpRoute Route { get; private init; } = HttpRoute.Plain;

    /// <summary>Present when a token is sent that has to be fetched.</summary>
    public OAuthGrant? Grant { get; private init; }

    /// <summary>The value of <c>Content-Digest</c>, RFC 9530; null when the section wants none.</summary>
    public string? Digest => Section.Digest && Body is not null ? DigestOf(Body) : null;

    public static string DigestOf(byte[] body) => $"sha-256=:{Convert.ToBase64String(SHA256.HashData(body))}:";

    /// <summary>Renders and resolves.</summary>
    /// <exception cref="RequestFaultException">A template or a secret is at fault; the message names it and holds no value.</exception>
    public static WebhookRequest Prepare(AttemptRequest attempt, AttemptSecrets secrets)
    {
        var draft = new WebhookRequest(attempt, secrets) { Url = null!, Headers = [], Body = null, ContentType = string.Empty, BodyHoldsSecret = false };
        return draft.Complete();
    }

    private WebhookRequest Complete()
    {
        var (body, type, bodySecret) = MakeBody();
        var headers = Section.Headers.Select(header => MakeHeader(header)).ToList();
        headers.AddRange(MakeAuth());
        if (CloudEventMessage.Of(_attempt, _templates, _secrets, body, type) is { } made)
        {
            (body, var eventType) = made.Body();
            (type, bodySecret) = (eventType ?? string.Empty, bodySecret || made.HoldsSecret);
            headers.AddRange(made.Headers(CloudEventBinding.Http).Select(header => (header.Name, header.Value, made.HoldsSecret)));
        }

        var route = MakeRoute();
        return new WebhookRequest(_attempt, _secrets)
        {
            Url = MakeUrl(),
            Headers = headers,
            Body = body,
            ContentType = type,
            BodyHoldsSecret = bodySecret,
            Route = route,
            Grant = Section.Auth is OAuth2 oauth ? OAuthGrant.Resolve(oauth, _secrets, route) : null,
        };
    }

    private HttpRoute MakeRoute()
    {
        var proxy = Section.Proxy is not { } p ? null : new ProxyRoute(new Uri(p.Url), p.Username, p.Password is { } password ? _secrets.Get(password.Name) : null);
        if (proxy is { Password: { } secret })
        {
            _secrets.Hide(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{proxy.Username}:{secret}")));
        }

        return Section.Tls is null && proxy is null ? HttpRoute.Plain : new HttpRoute(BrokerTls.Resolve(Section.Tls, _secrets), proxy);
    }

    private Uri MakeUrl()
    {
        var url = _templates.Render(Section.Url, "webhook.url");
        if (WebhookUrl.Fault(url) is { } fault || !Uri.TryCreate(url, UriKind.Absolute, out var parsed))
        {
            throw new RequestFaultException($"webhook.url: the address that the template makes {WebhookUrl.Fault(url) ?? "cannot be read"}");
        }

        _secrets.RefuseIn(parsed, Section.Url, "webhook.url");
        var query = new StringBuilder(parsed.Query.TrimStart('?'));
        foreach (var field in Section.Query)
        {
            Add(query, field.Name, _templates.Render(field.Value, $"webhook.query.{field.Name}"));
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
        var (name, value, secret) = _templates.RenderHeader(header, "webhook.headers");
        return HeaderRules.IsValue(value)
            ? (name, value, secret || HeaderRules.IsCredential(name))
            : throw new RequestFaultException($"webhook.headers.{name}: the value that the template makes has a line break or a control character");
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

        if (!Section.Form.IsEmpty)
        {
            return WebhookForms.Form(Section.Form, _templates);
        }

        if (!Section.Multipart.IsEmpty)
        {
            return WebhookForms.Multipart(Section.Multipart, _templates, _attempt);
        }

        if (Section.Body is not { } body)
        {
            return (_templates.Payload is { } text ? Encoding.UTF8.GetBytes(text) : null, "application/json", _templates.PayloadHoldsSecret);
        }

        var rendered = _templates.RenderBody(body, "webhook.body", out var secret);
        return (Encoding.UTF8.GetBytes(rendered), body.Kind == WebhookBodyKind.Json || IsJson(rendered) ? "application/json" : "text/plain; charset=utf-8", secret);
    }

    internal static bool IsJson(string text)
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
