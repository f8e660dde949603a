using System.Text.Json;
using System.Text.RegularExpressions;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Grpc;

/// <summary>Reads a <c>grpc</c> section strictly. Where it brings its descriptors, the method and the message are checked against them.</summary>
public static partial class GrpcSectionReader
{
    private const int MaxDescriptorSet = 256 * 1024;
    private const int MaxName = 512;
    private const string Known = "target, method, message, metadata, auth, tls, health_check, descriptor_set, callback";

    internal static GrpcSection? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        var found = new List<Violation>();
        var section = SectionObject.Open(value, path, found) is { } members ? Read(members, found) : null;
        foreach (var violation in found)
        {
            violations.Add(violation);
        }

        return found.Count == 0 ? section : null;
    }

    /// <summary>What is wrong with the address of a target, or null; asked of the document and again of what a template made.</summary>
    public static string? FaultOfTarget(string target)
    {
        if (WebhookUrl.Fault(target) is { } fault)
        {
            return fault;
        }

        return !TemplateText.IsTemplate(target) && new Uri(target).PathAndQuery != "/" ? "is https://host:port or http://host:port, without a path" : null;
    }

    /// <summary>What is wrong with a value of metadata, or null.</summary>
    public static string? FaultOfValue(string name, string value)
    {
        if (name.EndsWith("-bin", StringComparison.OrdinalIgnoreCase))
        {
            return Convert.TryFromBase64String(value, new byte[value.Length], out _) ? null : "a value of metadata whose name ends in -bin is base64";
        }

        return value.Any(static c => c is < ' ' or > '~') ? "a value of metadata is printable ASCII; other bytes go under a name that ends in -bin, in base64" : null;
    }

    private static GrpcSection Read(SectionObject section, List<Violation> found)
    {
        var target = section.TakeRequiredString("target");
        if (target is not null)
        {
            TemplateRules.Check(target, section.At("target"), found, inPayload: false);
            if (FaultOfTarget(target) is { } fault)
            {
                section.Fault("target", fault);
            }
        }

        var method = section.TakeRequiredString("method")?.TrimStart('/');
        if (method is not null && (method.Length > MaxName || !MethodPath().IsMatch(method)))
        {
            section.Fault("method", "is package.Service/Method");
            method = null;
        }

        var message = SectionFields.Body(section, "message", found);
        if (message is { Kind: WebhookBodyKind.Text })
        {
            section.Fault("message", "is the message as JSON, such as {\"name\": \"…\"}, not a string");
            message = null;
        }

        var metadata = SectionFields.Headers(section, "metadata", found, FaultOfName, FaultOfValue);
        var auth = section.Take("auth") is { } a ? WebhookAuth.Read(a, section.At("auth"), found) : null;
        if (auth is WebhookAuth.QueryKey)
        {
            section.Fault("auth.in", "gRPC has no query; a key travels in a header");
        }
        else if (auth is WebhookAuth.HeaderKey key && FaultOfName(key.Name) is { } wrong)
        {
            section.Fault("auth.name", wrong);
        }
        else if (auth is WebhookAuth.Basic or WebhookAuth.Bearer or OAuth2 && metadata.Any(field => field.Name.Equals("authorization", StringComparison.OrdinalIgnoreCase)))
        {
            section.Fault("auth", "sets authorization, which metadata sets too");
        }

        var tls = section.Take("tls") is { } t ? TargetTls.Read(t, section.At("tls"), found, serverName: true) : null;
        if (tls is not null && target?.StartsWith("http://", StringComparison.OrdinalIgnoreCase) == true)
        {
            section.Fault("tls", "belongs to a target that begins with https://");
        }

        var health = ReadHealthCheck(section);
        var set = section.TakeString("descriptor_set");
        var callback = CallbackRule.Take(section, found);
        section.Close(Known);
        if (set is not null)
        {
            CheckDescriptors(section, set, method, message, found);
        }

        return new GrpcSection
        {
            Target = target ?? string.Empty,
            Method = method ?? string.Empty,
            Message = message,
            Metadata = [.. metadata.Select(field => new WebhookField(field.Name.ToLowerInvariant(), field.Value))],
            Auth = auth,
            Tls = tls,
            DescriptorSet = set,
            HealthCheck = health,
            Callback = callback,
        };
    }

    private static string? FaultOfName(string name) =>
        !MetadataName().IsMatch(name) || name.Length > 128 ? "a name of metadata has letters, digits, '_', '-' and '.'"
        : name.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase) || name.Equals("content-type", StringComparison.OrdinalIgnoreCase) || name.Equals("user-agent", StringComparison.OrdinalIgnoreCase)
            ? "this name belongs to gRPC itself and cannot be set"
        : HeaderRules.FaultOfName(name);

    private static string? ReadHealthCheck(SectionObject section)
    {
        if (section.Take("health_check") is not { } value)
        {
            return null;
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.True:
                return string.Empty;
            case JsonValueKind.False:
                return null;
            case JsonValueKind.String when value.GetString() is { Length: <= MaxName } service && HealthName().IsMatch(service):
                return service;
            default:
                section.Fault("health_check", "is true, or the name of a service, with no space and no template in it");
                return null;
        }
    }

    private static void CheckDescriptors(SectionObject section, string set, string? method, WebhookBody? message, List<Violation> found)
    {
        if (set.Length > MaxDescriptorSet)
        {
            section.Fault("descriptor_set", $"is longer than {MaxDescriptorSet} characters; leave out source info, and files that the method does not need");
            return;
        }

        var bytes = new byte[set.Length];
        if (!Convert.TryFromBase64String(set, bytes, out var length) || length == 0)
        {
            section.Fault("descriptor_set", "is a serialized FileDescriptorSet in base64");
            return;
        }

        try
        {
            var schema = ProtoSchema.Parse(bytes.AsSpan(0, length));
            if (method is null)
            {
                return;
            }

            if (schema.FindMethod(method) is not { } call)
            {
                section.Fault("method", $"the descriptors hold no such method; they hold {Summary(schema)}");
            }
            else if (call.ClientStreaming)
            {
                section.Fault("method", "takes a stream of messages; unary and server-streaming methods can be called");
            }
            else
            {
                _ = call.Output;
                CheckMessage(section, call.Input, message, found);
            }
        }
        catch (FormatException fault)
        {
            section.Fault("descriptor_set", fault.Message);
        }
    }

    private static void CheckMessage(SectionObject section, ProtoMessage type, WebhookBody? message, List<Violation> found)
    {
        // What a template will make is not known yet.
        if (message is null || TemplateText.IsTemplate(message.Text))
        {
            return;
        }

        using var json = JsonDocument.Parse(message.Text);
        try
        {
            ProtoJsonEncoder.Encode(json.RootElement, type, section.At("message"));
        }
        catch (ProtoJsonException fault)
        {
            found.Add(new Violation(fault.Path, fault.Fault));
        }
    }

    private static string Summary(ProtoSchema schema)
    {
        var methods = schema.Services.SelectMany(service => schema.MethodsOf(service).Select(name => $"{service}/{name}")).Take(10).ToList();
        return methods.Count == 0 ? "no service" : string.Join(", ", methods);
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*/[A-Za-z_][A-Za-z0-9_]*\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex MethodPath();

    [GeneratedRegex(@"\A[A-Za-z0-9_.-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex MetadataName();

    // What a server calls a service in its health is its own affair; no template is rendered here.
    [GeneratedRegex(@"\A(?!.*(\{\{|\{%))[^\s\p{C}]+\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex HealthName();
}
