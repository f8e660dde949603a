using System.Text.Json.Serialization;
using Chronos.Core.Wire;

namespace Chronos.Core.Diagnosis;

/// <summary>The wire rows of this room.</summary>
public static class DiagnosisWire
{
    public static IReadOnlyList<WireRow> Rows { get; } =
    [
        WireRow.Of("node.get-vitals.1", DiagnosisJson.Default.GetVitals),
        WireRow.Of("node.vitals.1", DiagnosisJson.Default.NodeVitals),
    ];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GetVitals))]
[JsonSerializable(typeof(NodeVitals))]
internal sealed partial class DiagnosisJson : JsonSerializerContext;
