using System.Text.Json;

namespace Chronos.Cli.Output;

/// <summary>Reads of the API's JSON that never throw: a field that an older or newer server does not send is simply absent.</summary>
internal static class JsonReading
{
    public static JsonElement? Field(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(this JsonElement json, string name) => json.Field(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => JsonText.OneLine(other),
    };

    public static long Number(this JsonElement json, string name) =>
        json.Field(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) ? value : 0;

    public static IEnumerable<JsonElement> Items(this JsonElement json, string name) =>
        json.Field(name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    public static bool IsScalar(this JsonElement json) => json.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array);

    /// <summary>A value as a cell: strings bare, lists of scalars joined, everything else as compact JSON.</summary>
    public static string Cell(this JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => json.GetString()!,
        JsonValueKind.Null or JsonValueKind.Undefined => "",
        JsonValueKind.Array when json.EnumerateArray().All(IsScalar) => string.Join(", ", json.EnumerateArray().Select(Cell)),
        JsonValueKind.Object when json.EnumerateObject().All(p => p.Value.IsScalar()) => string.Join(", ", json.EnumerateObject().Select(p => $"{p.Name}={p.Value.Cell()}")),
        _ => JsonText.OneLine(json),
    };
}
