using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Http;

/// <summary>The status codes that mean success: numbers and ranges, <c>[200-299, 304]</c>.</summary>
public sealed record SuccessCodes(ImmutableArray<(int From, int To)> Ranges)
{
    public static readonly SuccessCodes Default = new([(200, 299)]);

    public bool Contains(int code) => Ranges.Any(range => code >= range.From && code <= range.To);

    public bool Equals(SuccessCodes? other) => other is not null && Ranges.SequenceEqual(other.Ranges);

    public override int GetHashCode() => Ranges.Length;

    internal static SuccessCodes? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > 32)
        {
            violations.Add(new Violation(path, "a list of 1 to 32 codes and ranges is expected, such as [\"200-299\", 304]"));
            return null;
        }

        var ranges = ImmutableArray.CreateBuilder<(int, int)>();
        foreach (var (item, index) in value.EnumerateArray().Select((item, index) => (item, index)))
        {
            if (Range(item) is { } range)
            {
                ranges.Add(range);
            }
            else
            {
                violations.Add(new Violation(string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]"), "is a code from 100 to 599, or a range such as \"200-299\""));
            }
        }

        return ranges.Count == value.GetArrayLength() ? new SuccessCodes(ranges.ToImmutable()) : null;
    }

    internal void Write(Utf8JsonWriter writer)
    {
        if (Equals(Default))
        {
            return;
        }

        writer.WriteStartArray("success_codes");
        foreach (var (from, to) in Ranges)
        {
            if (from == to)
            {
                writer.WriteNumberValue(from);
            }
            else
            {
                writer.WriteStringValue(string.Create(CultureInfo.InvariantCulture, $"{from}-{to}"));
            }
        }

        writer.WriteEndArray();
    }

    private static (int From, int To)? Range(JsonElement item)
    {
        if (item.ValueKind == JsonValueKind.Number)
        {
            return item.TryGetInt32(out var code) ? Valid(code, code) : null;
        }

        if (item.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        var parts = item.GetString()!.Split('-');
        return parts.Length is 1 or 2 && TryCode(parts[0], out var from) && TryCode(parts[^1], out var to) ? Valid(from, to) : null;
    }

    private static bool TryCode(string text, out int code) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out code);

    private static (int From, int To)? Valid(int from, int to) => from >= 100 && from <= to && to <= 599 ? (from, to) : null;
}
