using System.Text.Json;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Http;

/// <summary>How a request proves who sends it. Holds names of secrets, never values.</summary>
public abstract record WebhookAuth(SecretRef Secret)
{
    /// <summary>RFC 7617.</summary>
    public sealed record Basic(string Username, SecretRef Password) : WebhookAuth(Password);

    public sealed record Bearer(SecretRef Token) : WebhookAuth(Token);

    /// <summary>A key in a header of the user's choice.</summary>
    public sealed record HeaderKey(string Name, SecretRef Value) : WebhookAuth(Value);

    /// <summary>A key in the query.</summary>
    public sealed record QueryKey(string Name, SecretRef Value) : WebhookAuth(Value);

    /// <summary>A signature after Standard Webhooks.</summary>
    public sealed record Hmac(SecretRef Key) : WebhookAuth(Key);

    internal static WebhookAuth? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        if (SectionObject.Open(value, path, violations) is not { } auth)
        {
            return null;
        }

        switch (auth.TakeRequiredString("type"))
        {
            case null:
                return null;
            case "basic":
                var username = auth.TakeRequiredString("username");
                var password = auth.TakeSecret("password");
                if (username is not null && (username.Contains(':', StringComparison.Ordinal) || username.Any(char.IsControl) || username.Length is 0 or > 256 || TemplateText.IsTemplate(username)))
                {
                    auth.Fault("username", "a user name has 1 to 256 characters, no ':' and no template");
                }

                auth.Close("type, username, password");
                return username is not null && password is { } p ? new Basic(username, p) : null;
            case "bearer":
                var token = auth.TakeSecret("token");
                auth.Close("type, token");
                return token is { } t ? new Bearer(t) : null;
            case "api_key":
                return ReadKey(auth);
            case "hmac":
                var key = auth.TakeSecret("secret");
                auth.Close("type, secret");
                return key is { } k ? new Hmac(k) : null;
            case "oauth2":
                return OAuth2.Read(auth);
            default:
                auth.Fault("type", "is one of basic, bearer, api_key, hmac, oauth2");
                return null;
        }
    }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("auth");
        switch (this)
        {
            case Basic basic:
                writer.WriteString("type", "basic");
                writer.WriteString("username", basic.Username);
                basic.Password.Write(writer, "password");
                break;
            case Bearer bearer:
                writer.WriteString("type", "bearer");
                bearer.Token.Write(writer, "token");
                break;
            case HeaderKey header:
                WriteKey(writer, header.Name, "header", header.Value);
                break;
            case QueryKey query:
                WriteKey(writer, query.Name, "query", query.Value);
                break;
            case OAuth2 oauth:
                oauth.WriteMembers(writer);
                break;
            case Hmac hmac:
                writer.WriteString("type", "hmac");
                hmac.Key.Write(writer, "secret");
                break;
        }

        writer.WriteEndObject();
    }

    private static WebhookAuth? ReadKey(SectionObject auth)
    {
        var place = auth.TakeString("in") ?? "header";
        var name = auth.TakeString("name") ?? (place == "header" ? "X-API-Key" : "api_key");
        var value = auth.TakeSecret("value");
        auth.Close("type, name, in, value");
        if (place is not ("header" or "query"))
        {
            auth.Fault("in", "is header or query");
            return null;
        }

        if (place == "header" && HeaderRules.FaultOfName(name) is { } fault)
        {
            auth.Fault("name", fault);
            return null;
        }

        if (place == "query" && (name.Length is 0 or > 128 || name.Any(char.IsControl) || TemplateText.IsTemplate(name)))
        {
            auth.Fault("name", "has 1 to 128 characters and no template");
            return null;
        }

        return value is not { } v ? null : place == "header" ? new HeaderKey(name, v) : new QueryKey(name, v);
    }

    private static void WriteKey(Utf8JsonWriter writer, string name, string place, SecretRef value)
    {
        writer.WriteString("type", "api_key");
        writer.WriteString("name", name);
        writer.WriteString("in", place);
        value.Write(writer, "value");
    }
}
