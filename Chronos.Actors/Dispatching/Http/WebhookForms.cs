using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>Bodies that are forms, rendered.</summary>
internal static class WebhookForms
{
    /// <exception cref="RequestFaultException">A template or a secret is at fault.</exception>
    public static (byte[] Body, string Type, bool Secret) Form(ImmutableArray<WebhookField> fields, AttemptTemplates templates)
    {
        var any = false;
        var text = new StringBuilder();
        foreach (var field in fields)
        {
            var value = templates.Render(field.Value, $"webhook.form.{field.Name}", out var secret);
            any |= secret;
            text.Append(text.Length > 0 ? "&" : string.Empty).Append(Encode(field.Name)).Append('=').Append(Encode(value));
        }

        return (Encoding.ASCII.GetBytes(text.ToString()), "application/x-www-form-urlencoded", any);

        static string Encode(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
    }

    /// <exception cref="RequestFaultException">A template or a secret is at fault.</exception>
    public static (byte[] Body, string Type, bool Secret) Multipart(ImmutableArray<WebhookPart> parts, AttemptTemplates templates, AttemptRequest attempt)
    {
        var any = false;
        var rendered = parts.Select((part, index) => Render(part, $"webhook.multipart[{index}]", templates, ref any)).ToList();

        // Derived, so that the same attempt sends the same bytes; another one should the content hold it.
        var boundary = string.Empty;
        for (var n = 0; boundary.Length == 0 || rendered.Any(part => part.Content.AsSpan().IndexOf(Encoding.ASCII.GetBytes(boundary)) >= 0); n++)
        {
            boundary = "chronos-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{attempt.Execution.Value}/{n}")).AsSpan(0, 12));
        }

        using var body = new MemoryStream();
        foreach (var (head, content) in rendered)
        {
            body.Write(Encoding.UTF8.GetBytes($"--{boundary}\r\n{head}\r\n\r\n"));
            body.Write(content);
            body.Write("\r\n"u8);
        }

        body.Write(Encoding.ASCII.GetBytes($"--{boundary}--\r\n"));
        return (body.ToArray(), $"multipart/form-data; boundary={boundary}", any);
    }

    private static (string Head, byte[] Content) Render(WebhookPart part, string path, AttemptTemplates templates, ref bool any)
    {
        var secret = false;
        var (content, type) = part switch
        {
            { Base64: { } base64 } => (Convert.FromBase64String(base64), part.ContentType ?? "application/octet-stream"),
            { Content: { Kind: WebhookBodyKind.Json } json } => (Encoding.UTF8.GetBytes(templates.RenderBody(json, $"{path}.json", out secret)), part.ContentType ?? "application/json"),
            _ => (Encoding.UTF8.GetBytes(templates.RenderBody(part.Content!, $"{path}.value", out secret)), part.ContentType),
        };
        any |= secret;
        var head = $"Content-Disposition: form-data; name=\"{Quoted(part.Name)}\"";
        if (part.Filename is not null)
        {
            head += $"; filename=\"{Quoted(templates.Render(part.Filename, $"{path}.filename", out secret))}\"";
            any |= secret;
        }

        return (type is null ? head : $"{head}\r\nContent-Type: {type}", content);
    }

    /// <summary>As browsers write it: what would end the text or the line is percent-encoded.</summary>
    private static string Quoted(string text) =>
        text.Replace("\r", "%0D", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal).Replace("\"", "%22", StringComparison.Ordinal);
}
