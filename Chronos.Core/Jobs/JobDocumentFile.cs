using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>The documents of one file or request body, not yet validated; or why it is no JSON or YAML, with line and column.</summary>
public sealed record JobDocumentFile(ImmutableArray<JsonElement> Documents, Rejection? Fault)
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 };

    /// <summary>Reads JSON: one document, or a list of them.</summary>
    public static JobDocumentFile ReadJson(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var parsed = JsonDocument.Parse(utf8, Options);
            var root = parsed.RootElement.Clone();
            return root.ValueKind == JsonValueKind.Array ? Of([.. root.EnumerateArray()]) : Of([root]);
        }
        catch (JsonException e)
        {
            return Broken(Explain(e));
        }
    }

    /// <summary>Reads YAML 1.2: any number of documents, each one a job or a list of jobs.</summary>
    public static JobDocumentFile ReadYaml(string text) => JobDocumentYaml.Read(text);

    /// <summary>What is wrong with a JSON text, with line and column counted from 1, as editors do.</summary>
    public static string Explain(JsonException e)
    {
        var reason = e.Message;
        var place = reason.IndexOf(" LineNumber: ", StringComparison.Ordinal);
        reason = place > 0 ? reason[..place] : reason;
        return e.LineNumber is { } line && e.BytePositionInLine is { } column
            ? string.Create(CultureInfo.InvariantCulture, $"line {line + 1}, column {column + 1}: {reason}")
            : reason;
    }

    internal static JobDocumentFile Of(ImmutableArray<JsonElement> documents) =>
        documents.Length <= JobDocumentLimits.MaxDocuments
            ? new JobDocumentFile(documents, null)
            : new JobDocumentFile([], Rejection.Of(RejectionCode.ValidationFailed, $"more than {JobDocumentLimits.MaxDocuments} documents at once"));

    internal static JobDocumentFile Broken(string why) => new([], Rejection.Of(RejectionCode.InvalidJson, why));
}
