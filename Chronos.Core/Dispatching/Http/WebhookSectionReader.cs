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
    private const string Known = "url, method, headers, query, body, form, multipart, auth, tls, proxy, http_version, digest, success_codes, follow_redirects, callback";

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
        var body = SectionFields.Body(section, "body", found);
        var form = ReadFields(section, "form", found, AddParameter);
        var parts = WebhookPart.ReadAll(section, found);
        CheckBody(section, method, body, form, parts, headers);
        var auth = section.Take("auth") is { } a ? WebhookAuth.Read(a, section.At("auth"), found) : null;
        var codes = section.Take("success_codes") is { } c ? SuccessCodes.Read(c, section.At("success_codes"), found) : SuccessCodes.Default;
        var tls = section.Take("tls") is { } t ? TargetTls.Read(t, section.At("tls"), found, serverName: false) : null;
        var proxy = section.Take("proxy") is { } p ? WebhookProxy.Read(p, section.At("proxy"), found) : null;
        var version = ReadVersion(section, url, proxy);
        var digest = section.TakeBoolean("digest");
        if (digest && headers.Any(static header => header.Name.Equals("Content-Digest", StringComparison.OrdinalIgnoreCase)))
        {
            section.Fault("digest", "sets the header Content-Digest, which headers sets too");
        }

        if (tls is not null && url?.StartsWith("http://", StringComparison.OrdinalIgnoreCase) == true && proxy?.IsEncrypted != true)
        {
            section.Fault("tls", "belongs to a target, or a proxy, that begins with https://");
        }

        if (tls?.Certificate is not null && proxy?.IsEncrypted == true)
        {
            section.Fault("tls.certificate", "would be shown to the proxy too, which begins with https://");
        }

        var redirects = section.TakeBoolean("follow_redirects");
        var callback = CallbackRule.Take(section, found);
        section.Close(Known);
        if (auth is WebhookAuth.Basic or WebhookAuth.Bearer or OAuth2 && headers.Any(header => header.Name.Equals("Authorization", StringComparison.OrdinalIgnoreCase)))
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
            Form = form,
            Multipart = parts,
            Auth = auth,
            Tls = tls,
            Proxy = proxy,
            Version = version,
            Digest = digest,
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

    private static void CheckBody(
        SectionObject section, string method, WebhookBody? body, ImmutableArray<WebhookField> form, ImmutableArray<WebhookPart> parts, ImmutableArray<WebhookField> headers)
    {
        string[] given = [.. new[] { ("body", body is not null), ("form", !form.IsEmpty), ("multipart", !parts.IsEmpty) }.Where(static one => one.Item2).Select(static one => one.Item1)];
        if (given.Length > 1)
        {
            section.Fault(given[1], $"a request has one body, and {given[0]} is given already");
        }

        if (given.Length > 0 && method is ("GET" or "HEAD"))
        {
            section.Fault(given[0], $"{method} sends no body");
        }

        if (given is ["form" or "multipart", ..] && headers.Any(static header => header.Name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)))
        {
            section.Fault(given[0], "sets the header Content-Type, which headers sets too");
        }
    }

    private static WebhookVersion ReadVersion(SectionObject section, string? url, WebhookProxy? proxy)
    {
        var version = section.TakeString("http_version") switch
        {
            null => WebhookVersion.Any,
            "1.1" => WebhookVersion.Http11,
            "2" => WebhookVersion.Http2,
            _ => (WebhookVersion?)null,
        };
        if (version is null)
        {
            section.Fault("http_version", "is \"1.1\" or \"2\"; absent: 2 where the server offers it inside TLS");
        }
        else if (version == WebhookVersion.Http2 && proxy is not null && url?.StartsWith("http://", StringComparison.OrdinalIgnoreCase) == true)
        {
            section.Fault("http_version", "a proxy does not pass HTTP/2 on without TLS");
        }

        return version ?? WebhookVersion.Any;
    }
}
