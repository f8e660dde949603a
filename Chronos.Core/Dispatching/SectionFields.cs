using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching;

/// <summary>What the sections of all protocols read alike: texts that may be templates, headers, bodies.</summary>
internal static partial class SectionFields
{
    private const int MaxFields = 64;
    private const int MaxValue = 8192;
    private const int MaxBody = 512 * 1024;

    /// <summary>A string, or a number or a flag as the string that it is sent as.</summary>
    public static string? Text(JsonElement value, string path, ICollection<Violation> found)
    {
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
            _ => null,
        };
        if (text is null || text.Length > MaxValue)
        {
            found.Add(new Violation(path, text is null ? $"a string is expected, not {SectionObject.Describe(value)}" : $"is longer than {MaxValue} characters"));
            return null;
        }

        TemplateRules.Check(text, path, found, inPayload: false);
        return text;
    }

    /// <summary>An object of names and single values. A header that carries a credential holds a template of a secret, never a literal.</summary>
    /// <param name="faultOfName">What is wrong with a name, or null.</param>
    /// <param name="faultOfValue">What is wrong with a value, or null; not asked of templates.</param>
    public static ImmutableArray<WebhookField> Headers(
        SectionObject section, string name, ICollection<Violation> found, Func<string, string?> faultOfName, Func<string, string, string?> faultOfValue)
    {
        if (section.Take(name) is not { } value)
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            section.Fault(name, $"an object of names and values is expected, not {SectionObject.Describe(value)}");
            return [];
        }

        var fields = ImmutableArray.CreateBuilder<WebhookField>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var property in value.EnumerateObject())
        {
            var path = $"{section.At(name)}.{property.Name}";
            if (!seen.Add(property.Name))
            {
                found.Add(new Violation(path, "is given twice"));
            }
            else if (faultOfName(property.Name) is { } fault)
            {
                found.Add(new Violation(path, fault));
            }
            else if (Text(property.Value, path, found) is { } text)
            {
                if (!TemplateText.IsTemplate(text) && faultOfValue(property.Name, text) is { } wrong)
                {
                    found.Add(new Violation(path, wrong));
                }
                else if (HeaderRules.IsCredential(property.Name) && !HoldsSecret(text))
                {
                    found.Add(new Violation(path, "a credential is never written into a job: use auth, or {{ secrets.name }} here with the name listed under secrets"));
                }

                fields.Add(new WebhookField(property.Name, text));
            }
        }

        if (fields.Count > MaxFields)
        {
            section.Fault(name, $"has more than {MaxFields} entries");
        }

        return fields.ToImmutable();
    }

    /// <summary>Text that is sent as it is, or JSON.</summary>
    public static WebhookBody? Body(SectionObject section, string name, ICollection<Violation> found)
    {
        if (section.Take(name) is not { } body)
        {
            return null;
        }

        var read = body.ValueKind == JsonValueKind.String
            ? new WebhookBody(body.GetString()!, WebhookBodyKind.Text)
            : new WebhookBody(TemplateJson.Canonical(body), WebhookBodyKind.Json);
        if (read.Text.Length > MaxBody)
        {
            section.Fault(name, $"is longer than {MaxBody} characters");
        }
        else
        {
            TemplateTree.Visit(body, section.At(name), (text, path) => TemplateRules.Check(text, path, found, inPayload: false));
        }

        return read;
    }

    /// <summary>Whether a text has a template of a secret in it.</summary>
    public static bool HoldsSecret(string text) => SecretInValue().IsMatch(text);

    /// <summary>Names of the secrets that templates in a body and in texts use.</summary>
    public static ImmutableSortedSet<string> SecretsIn(WebhookBody? body, IEnumerable<string> texts)
    {
        var secrets = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            secrets.UnionWith(TemplateRules.Check(text, string.Empty, [], inPayload: false));
        }

        if (body is { Kind: WebhookBodyKind.Text })
        {
            secrets.UnionWith(TemplateRules.Check(body.Text, string.Empty, [], inPayload: false));
        }
        else if (body is not null)
        {
            using var document = JsonDocument.Parse(body.Text);
            TemplateTree.Visit(document.RootElement, string.Empty, (text, _) => secrets.UnionWith(TemplateRules.Check(text, string.Empty, [], inPayload: false)));
        }

        return secrets.ToImmutable();
    }

    public static void WriteHeaders(Utf8JsonWriter writer, string name, ImmutableArray<WebhookField> fields)
    {
        if (fields.IsEmpty)
        {
            return;
        }

        writer.WriteStartObject(name);
        foreach (var field in fields)
        {
            writer.WriteString(field.Name, field.Value);
        }

        writer.WriteEndObject();
    }

    public static void WriteBody(Utf8JsonWriter writer, string name, WebhookBody? body)
    {
        if (body is { Kind: WebhookBodyKind.Text })
        {
            writer.WriteString(name, body.Text);
        }
        else if (body is not null)
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(body.Text);
        }
    }

    [GeneratedRegex(@"\{\{-?\s*secrets\s*[.\[]", RegexOptions.CultureInvariant)]
    private static partial Regex SecretInValue();
}
