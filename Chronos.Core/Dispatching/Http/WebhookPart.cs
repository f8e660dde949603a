using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Http;

/// <summary>One part of the member <c>multipart</c> of a webhook.</summary>
/// <param name="Content">Text or JSON with templates; absent where <paramref name="Base64"/> is given.</param>
/// <param name="Base64">Bytes that are sent as they are.</param>
/// <param name="ContentType">Absent: what the content is.</param>
public sealed partial record WebhookPart(string Name, WebhookBody? Content, string? Base64, string? Filename, string? ContentType)
{
    private const int MaxParts = 64;
    private const string Known = "name, value, json, base64, filename, content_type";

    internal static ImmutableArray<WebhookPart> ReadAll(SectionObject section, ICollection<Violation> found)
    {
        if (section.Take("multipart") is not { } value)
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > MaxParts)
        {
            section.Fault("multipart", $"a list of 1 to {MaxParts} parts is expected");
            return [];
        }

        var parts = ImmutableArray.CreateBuilder<WebhookPart>();
        foreach (var (item, index) in value.EnumerateArray().Select((item, index) => (item, index)))
        {
            if (SectionObject.Open(item, $"{section.At("multipart")}[{index}]", found) is { } part)
            {
                parts.Add(Read(part, found));
            }
        }

        return parts.ToImmutable();
    }

    internal static void WriteAll(Utf8JsonWriter writer, ImmutableArray<WebhookPart> parts)
    {
        if (parts.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray("multipart");
        foreach (var part in parts)
        {
            writer.WriteStartObject();
            writer.WriteString("name", part.Name);
            SectionFields.WriteBody(writer, part.Content?.Kind == WebhookBodyKind.Json ? "json" : "value", part.Content);
            foreach (var (name, text) in new[] { ("base64", part.Base64), ("filename", part.Filename), ("content_type", part.ContentType) })
            {
                if (text is not null)
                {
                    writer.WriteString(name, text);
                }
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static WebhookPart Read(SectionObject part, ICollection<Violation> found)
    {
        var name = part.TakeRequiredString("name");
        if (name?.Length is 0 or > 128 || name?.Any(char.IsControl) == true)
        {
            part.Fault("name", "a name of a part has 1 to 128 characters and no control characters");
        }

        var (content, base64) = ReadContent(part, found);
        var filename = part.TakeString("filename");
        if (filename is not null)
        {
            TemplateRules.Check(filename, part.At("filename"), found, inPayload: false);
            if (filename.Length is 0 or > 256 || filename.Any(char.IsControl))
            {
                part.Fault("filename", "has 1 to 256 characters and no control characters");
            }
        }

        var type = part.TakeString("content_type");
        if (type is not null && !MediaType().IsMatch(type))
        {
            part.Fault("content_type", "is no content type, such as text/csv");
        }

        part.Close(Known);
        return new WebhookPart(name ?? string.Empty, content, base64, filename, type);
    }

    private static (WebhookBody? Content, string? Base64) ReadContent(SectionObject part, ICollection<Violation> found)
    {
        var value = part.Take("value");
        var json = SectionFields.Body(part, "json", found);
        var base64 = part.TakeString("base64");
        if ((value is null ? 0 : 1) + (json is null ? 0 : 1) + (base64 is null ? 0 : 1) != 1)
        {
            part.Fault("value", "a part has exactly one of value, json and base64");
        }

        if (base64 is not null && !Convert.TryFromBase64String(base64, new byte[(base64.Length * 3 / 4) + 3], out _))
        {
            part.Fault("base64", "is no base64");
        }

        if (json is { Kind: WebhookBodyKind.Text })
        {
            part.Fault("json", "a text goes under value");
        }

        var text = value is { } v ? SectionFields.Text(v, part.At("value"), found) : null;
        return (text is null ? json : new WebhookBody(text, WebhookBodyKind.Text), base64);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9!#$&^_.+-]{1,64}/[A-Za-z0-9!#$&^_.+-]{1,64}(\s*;\s*[A-Za-z0-9-]{1,32}=[A-Za-z0-9._:/-]{1,64})*\z", RegexOptions.CultureInvariant)]
    private static partial Regex MediaType();
}
