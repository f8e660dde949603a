using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Studio;

/// <summary>What the studio is asked to send once.</summary>
/// <param name="Job">The job document that it is a trial of.</param>
/// <param name="SecretValues">Secrets for this one request, before those of the node. They are kept nowhere.</param>
public sealed record StudioRequest(JobDefinition Job, ImmutableSortedDictionary<string, string> SecretValues);

/// <summary>
/// The document of the studio: a job document whose name may be left out, with <c>secret_values</c> beside it. So a section that was
/// tried is a job as it stands, and every job can be tried.
/// </summary>
public static class StudioDocument
{
    private const string Values = "secret_values";
    private const int LongestValue = 64 * 1024;

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads and validates; every fault is added with its field's path, and then the result is null.</summary>
    public static StudioRequest? Read(JsonElement body, ICollection<Violation> violations)
    {
        var before = violations.Count;
        if (body.ValueKind != JsonValueKind.Object)
        {
            violations.Add(new Violation("", $"an object is expected, not {JobDocumentFields.KindOf(body)}"));
            return null;
        }

        var values = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        ReadValues(body, values, violations);
        var job = JobDocument.Read(AsJob(body), violations);
        return violations.Count == before && job is not null ? new StudioRequest(job, values.ToImmutable()) : null;
    }

    /// <summary>A document with every credential that was written into it moved into secrets.</summary>
    public static (JsonElement Document, ImmutableArray<StudioSecret> Secrets) WithoutCredentials(JobDefinition job)
    {
        var document = JsonNode.Parse(JobDocument.ToJson(job))!.AsObject();
        var moves = new CredentialMoves();
        foreach (var name in document.Select(member => member.Key).Where(name => name is not ("name" or "description" or "secrets" or "owner" or "tags")).ToList())
        {
            moves.Walk(document[name], name);
        }

        List(document, moves.InTemplates);
        return (ToElement(document), moves.Secrets);
    }

    /// <summary>Adds names to the secrets that a document lists.</summary>
    internal static void List(JsonObject document, IEnumerable<string> names)
    {
        var listed = document["secrets"]?.AsArray() ?? [];
        var known = listed.Select(name => name!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        foreach (var name in names.Where(known.Add))
        {
            listed.Add(JsonValue.Create(name));
        }

        if (listed.Count > 0 && listed.Parent is null)
        {
            document["secrets"] = listed;
        }
    }

    internal static JsonElement ToElement(JsonObject document)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            document.WriteTo(writer);
        }

        using var parsed = JsonDocument.Parse(buffer.ToArray());
        return parsed.RootElement.Clone();
    }

    /// <summary>A valid name of a job, made of what a request is about.</summary>
    internal static string NameOf(IEnumerable<string?> parts)
    {
        var name = new StringBuilder("studio");
        foreach (var part in parts)
        {
            var dash = true;
            foreach (var c in part?.ToLowerInvariant() ?? "")
            {
                var plain = char.IsAsciiLetterOrDigit(c) || (c is '.' or '_' && !dash);
                if (plain && dash)
                {
                    name.Append('-');
                }

                if (plain)
                {
                    name.Append(c);
                }

                dash = !plain;
            }
        }

        return name.Length > 60 ? name.ToString(0, 60).TrimEnd('-', '.', '_') : name.ToString();
    }

    private static void ReadValues(JsonElement body, ImmutableSortedDictionary<string, string>.Builder values, ICollection<Violation> violations)
    {
        if (!body.TryGetProperty(Values, out var given))
        {
            return;
        }

        if (given.ValueKind != JsonValueKind.Object)
        {
            violations.Add(new Violation(Values, $"must be a map of names and values, not {JobDocumentFields.KindOf(given)}"));
            return;
        }

        foreach (var member in given.EnumerateObject())
        {
            if (!SecretRef.IsName(member.Name))
            {
                violations.Add(new Violation(Values, "a name of a secret has up to 64 letters, digits, '_', '.' and '-', and begins with a letter, a digit or '_'"));
            }
            else if (member.Value.ValueKind != JsonValueKind.String || member.Value.GetString() is not { Length: > 0 and <= LongestValue } value)
            {
                violations.Add(new Violation($"{Values}.{member.Name}", $"must be a text of 1 to {LongestValue} characters"));
            }
            else
            {
                values[member.Name] = value;
            }
        }
    }

    private static JsonElement AsJob(JsonElement body)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Relaxed))
        {
            writer.WriteStartObject();
            if (!body.TryGetProperty("name", out _))
            {
                writer.WriteString("name", NameOf(body));
            }

            foreach (var member in body.EnumerateObject().Where(member => member.Name != Values))
            {
                member.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        using var document = JsonDocument.Parse(buffer.ToArray());
        return document.RootElement.Clone();
    }

    private static string NameOf(JsonElement body)
    {
        string? Text(string section, string name) =>
            body.TryGetProperty(section, out var s) && s.ValueKind == JsonValueKind.Object && s.TryGetProperty(name, out var v) && v.ValueKind == JsonValueKind.String ? v.GetString() : null;

        return NameOf(
        [
            .. AddressParts(Text("webhook", "url")), Text("grpc", "method"), Text("kafka", "topic"), Text("nats", "subject"),
            Text("rabbitmq", "exchange"), Text("rabbitmq", "queue") ?? Text("rabbitmq", "routing_key"),
        ]);
    }

    /// <summary>Host and path of an address; nothing of its query.</summary>
    internal static IEnumerable<string?> AddressParts(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) ? [uri.Host, uri.AbsolutePath] : [];
}
