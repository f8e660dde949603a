using System.Text.Json;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Http;

/// <summary>The member <c>proxy</c> of a webhook: through whom the target is reached.</summary>
public sealed record WebhookProxy(string Url, string? Username, SecretRef? Password)
{
    /// <summary>Whether the way to the proxy itself is inside TLS.</summary>
    public bool IsEncrypted => Url.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    internal static WebhookProxy? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        if (SectionObject.Open(value, path, violations) is not { } proxy)
        {
            return null;
        }

        var url = proxy.TakeRequiredString("url");
        if (url is not null && BrokerUrl.Fault(url, ["http", "https"]) is { } fault)
        {
            proxy.Fault("url", fault.Replace("broker", "proxy", StringComparison.Ordinal));
        }

        var username = proxy.TakeString("username");
        if (username is not null && (username.Length is 0 or > 256 || username.Contains(':', StringComparison.Ordinal) || username.Any(char.IsControl) || TemplateText.IsTemplate(username)))
        {
            proxy.Fault("username", "a user name has 1 to 256 characters, no ':' and no template");
        }

        var password = proxy.Take("password") is { } p ? SecretRef.Read(p, proxy.At("password"), violations) : null;
        if (username is null != password is null)
        {
            proxy.Fault(username is null ? "username" : "password", "username and password come together");
        }

        proxy.Close("url, username, password");
        return url is null ? null : new WebhookProxy(url, username, password);
    }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("proxy");
        writer.WriteString("url", Url);
        if (Username is not null)
        {
            writer.WriteString("username", Username);
        }

        Password?.Write(writer, "password");
        writer.WriteEndObject();
    }
}
