using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Core.Dispatching.Templates;

namespace Chronos.Core.Dispatching.Http;

/// <summary>How a client proves itself to the token endpoint.</summary>
public enum OAuth2ClientAuth
{
    /// <summary>In the header, RFC 6749 2.3.1.</summary>
    Basic,

    /// <summary>In the form.</summary>
    Post,
}

/// <summary>Client credentials after RFC 6749 4.4: a node fetches a token, keeps it, and sends it as bearer.</summary>
public sealed record OAuth2(string TokenUrl, string ClientId, SecretRef ClientSecret) : WebhookAuth(ClientSecret)
{
    private const int MaxText = 1024;
    private const string Known = "type, token_url, client_id, client_secret, scopes, audience, client_auth";

    public ImmutableArray<string> Scopes { get; init; } = [];

    /// <summary>What some servers want to be told besides: for which target the token is.</summary>
    public string? Audience { get; init; }

    public OAuth2ClientAuth ClientAuth { get; init; }

    internal static OAuth2? Read(SectionObject auth)
    {
        var url = auth.TakeRequiredString("token_url");
        if (url is not null && (WebhookUrl.Fault(url) ?? (TemplateText.IsTemplate(url) ? "cannot be a template" : null)) is { } fault)
        {
            auth.Fault("token_url", fault);
        }

        var client = auth.TakeRequiredString("client_id");
        Check(auth, "client_id", client);
        var secret = auth.TakeSecret("client_secret");
        var scopes = ReadScopes(auth);
        var audience = auth.TakeString("audience");
        Check(auth, "audience", audience);
        var way = auth.TakeString("client_auth");
        if (way is not (null or "basic" or "post"))
        {
            auth.Fault("client_auth", "is basic or post");
        }

        auth.Close(Known);
        return url is not null && client is not null && secret is { } s
            ? new OAuth2(url, client, s) { Scopes = scopes, Audience = audience, ClientAuth = way == "post" ? OAuth2ClientAuth.Post : OAuth2ClientAuth.Basic }
            : null;
    }

    internal void WriteMembers(Utf8JsonWriter writer)
    {
        writer.WriteString("type", "oauth2");
        writer.WriteString("token_url", TokenUrl);
        writer.WriteString("client_id", ClientId);
        ClientSecret.Write(writer, "client_secret");
        if (!Scopes.IsEmpty)
        {
            writer.WriteStartArray("scopes");
            foreach (var scope in Scopes)
            {
                writer.WriteStringValue(scope);
            }

            writer.WriteEndArray();
        }

        if (Audience is not null)
        {
            writer.WriteString("audience", Audience);
        }

        if (ClientAuth == OAuth2ClientAuth.Post)
        {
            writer.WriteString("client_auth", "post");
        }
    }

    public bool Equals(OAuth2? other) =>
        other is not null && TokenUrl == other.TokenUrl && ClientId == other.ClientId && ClientSecret == other.ClientSecret && Audience == other.Audience
        && ClientAuth == other.ClientAuth && Scopes.SequenceEqual(other.Scopes);

    public override int GetHashCode() => HashCode.Combine(TokenUrl, ClientId, ClientSecret, Audience, ClientAuth);

    private static void Check(SectionObject auth, string name, string? text)
    {
        if (text is not null && (text.Length is 0 or > MaxText || text.Any(char.IsControl) || TemplateText.IsTemplate(text)))
        {
            auth.Fault(name, $"has 1 to {MaxText} characters, no control characters and no template");
        }
    }

    private static ImmutableArray<string> ReadScopes(SectionObject auth)
    {
        if (auth.Take("scopes") is not { } value)
        {
            return [];
        }

        var scopes = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            JsonValueKind.Array when value.EnumerateArray().All(static item => item.ValueKind == JsonValueKind.String) => [.. value.EnumerateArray().Select(static item => item.GetString()!)],
            _ => null,
        };

        // RFC 6749 3.3: printable, without quotes, backslashes and spaces.
        if (scopes is null || scopes.Length > 64 || scopes.Any(static scope => scope.Length is 0 or > 256 || scope.Any(static c => c is <= ' ' or '"' or '\\' or > '~')))
        {
            auth.Fault("scopes", "is a list of at most 64 scopes, words without spaces, quotes and backslashes");
            return [];
        }

        return [.. scopes];
    }
}
