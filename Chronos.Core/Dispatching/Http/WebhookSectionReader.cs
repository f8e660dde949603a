using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Http;

/// <summary>Reads a <c>webhook</c> section strictly. A fault names its field; a credential in plain text is a fault.</summary>
internal static class WebhookSectionReader
{
    private const int MaxUrl = 4096;
    private const int MaxFields = 64;
    private const string Known = "url, method, headers, query, body, auth, success_codes, follow_redirects, callback";

    private static readonly FrozenSet<string> Methods = FrozenSet.Create(StringComparer.Ordinal, "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    public static WebhookSection? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        var found = new List<Violation>();
        var section = SectionObject.Open(value, path, found) is { } members ? Read(members, found) : null;
        foreach (var violation in found)
        {
            violations.Add(violation);
        }

        return found.Count == 0 ? section : null;
    }

    private static WebhookSection Read(SectionObject section, List<Violation> found)
    {
        var url = ReadUrl(section, found);
        var method = ReadMethod(section);
        var headers = ReadFields(section, "headers", found, AddHeader);
        var query = ReadFields(section, "query", found, AddParameter);
        var body = ReadBody(section, method, found);
        var auth = section.Take("auth") is { } a ? WebhookAuth.Read(a, section.At("auth"), found) : null;
        var codes = section.Take("success_codes") is { } c ? SuccessCodes.Read(c, section.At("success_codes"), found) : SuccessCodes.Default;
        var redirects = section.TakeBoolean("follow_redirects");
        var callback = CallbackRule.Take(section, found);
        section.Close(Known);
        if (auth is WebhookAuth.Basic or WebhookAuth.Bearer && headers.Any(header => header.Name.Equals("Authorization", StringComparison.OrdinalIgnoreCase)))
        {
            section.Fault("auth", "sets the header Authorization, which headers sets too");
        }

        return new WebhookSection
        {
            Url = url ?? string.Empty,
            Method = method,
            Headers = headers,
            Query = query,
            Body = body,
            Auth = auth,
            SuccessCodes = codes ?? SuccessCodes.Default,
            FollowRedirects = redirects,
            Callback = callback,
        };
    }

    private static string? ReadUrl(SectionObject section, List<Violation> found)
    {
        if (section.TakeRequiredString("url") is not { } url)
        {
            return null;
        }

        TemplateRules.Check(url, section.At("url"), found, inPayload: false);
        if (WebhookUrl.Fault(url) is { } fault)
        {
            section.Fault("url", fault);
        }
        else if (url.Length > MaxUrl)
        {
            section.Fault("url", $"is longer than {MaxUrl} characters");
        }

        return url;
    }

    private static string ReadMethod(SectionObject section)
    {
        var method = section.TakeString("method")?.ToUpperInvariant() ?? "POST";
        if (!Methods.Contains(method))
        {
            section.Fault("method", "is one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        }

        return method;
    }

    private static ImmutableArray<WebhookField> ReadFields(
        SectionObject section, string name, List<Violation> found, Action<ImmutableArray<WebhookField>.Builder, JsonProperty, string, List<Violation>> add)
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
        var seen = new HashSet<string>(name == "headers" ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
        {
            var path = $"{section.At(name)}.{property.Name}";
            if (!seen.Add(property.Name))
            {
                found.Add(new Violation(path, "is given twice"));
                continue;
            }

            add(fields, property, path, found);
        }

        if (fields.Count > MaxFields)
        {
            section.Fault(name, $"has more than {MaxFields} entries");
        }

        return fields.ToImmutable();
    }

    private static void AddHeader(ImmutableArray<WebhookField>.Builder fields, JsonProperty header, string path, List<Violation> found)
    {
        if (HeaderRules.FaultOfName(header.Name) is { } fault)
        {
            found.Add(new Violation(path, fault));
        }
        else if (SectionFields.Text(header.Value, path, found) is { } value)
        {
            if (!HeaderRules.IsValue(value))
            {
                found.Add(new Violation(path, "a value of a header has no line break and no control character"));
            }
            else if (HeaderRules.IsCredential(header.Name) && !SectionFields.HoldsSecret(value))
            {
                found.Add(new Violation(path, "a credential is never written into a job: use auth, or {{ secrets.name }} here with the name listed under secrets"));
            }

            fields.Add(new WebhookField(header.Name, value));
        }
    }

    private static void AddParameter(ImmutableArray<WebhookField>.Builder fields, JsonProperty parameter, string path, List<Violation> found)
    {
        if (parameter.Name.Length is 0 or > 128 || parameter.Name.Any(char.IsControl))
        {
            found.Add(new Violation(path, "a name of a parameter has 1 to 128 characters"));
            return;
        }

        if (parameter.Value.ValueKind != JsonValueKind.Array)
        {
            if (SectionFields.Text(parameter.Value, path, found) is { } value)
            {
                fields.Add(new WebhookField(parameter.Name, value));
            }

            return;
        }

        foreach (var (item, index) in parameter.Value.EnumerateArray().Select((item, index) => (item, index)))
        {
            if (SectionFields.Text(item, $"{path}[{index}]", found) is { } value)
            {
                fields.Add(new WebhookField(parameter.Name, value));
            }
        }
    }

    private static WebhookBody? ReadBody(SectionObject section, string method, List<Violation> found)
    {
        var body = SectionFields.Body(section, "body", found);
        if (body is not null && method is ("GET" or "HEAD"))
        {
            section.Fault("body", $"{method} sends no body");
        }

        return body;
    }
}
