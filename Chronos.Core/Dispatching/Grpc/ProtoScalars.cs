using System.Globalization;
using System.Text.Json;

namespace Chronos.Core.Dispatching.Grpc;

/// <summary>Single values of a message as JSON may write them. Each method throws <see cref="ProtoJsonException"/> with the path of what does not fit.</summary>
internal static class ProtoScalars
{
    public static bool Boolean(JsonElement value, string path) => value.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.GetBoolean()
        : throw new ProtoJsonException(path, $"true or false is expected, not {SectionObject.Describe(value)}");

    public static string Text(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw new ProtoJsonException(path, $"a string is expected, not {SectionObject.Describe(value)}");
        }

        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new ProtoJsonException(path, "holds half of a surrogate pair, which is no character");
        }
    }

    public static byte[] Bytes(JsonElement value, string path)
    {
        // Both alphabets, with and without padding.
        var text = Text(value, path).Replace('-', '+').Replace('_', '/').TrimEnd('=');
        var bytes = new byte[(text.Length * 3 / 4) + 3];
        return text.Length % 4 != 1 && Convert.TryFromBase64String(text + new string('=', (4 - (text.Length % 4)) % 4), bytes, out var length)
            ? bytes[..length]
            : throw new ProtoJsonException(path, "bytes are written in base64");
    }

    public static int Enum(JsonElement value, ProtoEnum type, string path)
    {
        if (type.FullName == "google.protobuf.NullValue" && value.ValueKind == JsonValueKind.Null)
        {
            return 0;
        }

        if (value.ValueKind == JsonValueKind.Number)
        {
            var number = (int)Integer(value, path, int.MinValue, int.MaxValue);
            return type.Closed && type.NameOf(number) is null ? throw new ProtoJsonException(path, $"{type.FullName} has no such number") : number;
        }

        return type.NumberOf(Text(value, path)) ?? throw new ProtoJsonException(path, $"is none of {type.FullName}: {string.Join(", ", type.Names.Take(20))}");
    }

    private static string Number(JsonElement value, string path)
    {
        var text = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.String => Text(value, path),
            _ => throw new ProtoJsonException(path, $"a number is expected, not {SectionObject.Describe(value)}"),
        };

        // As JSON writes it: no blanks, no plus, no group of digits.
        return text.Length is > 0 and <= 400 && text[0] is '-' or (>= '0' and <= '9') && text.All(static c => c is (>= '0' and <= '9') or '-' or '+' or '.' or 'e' or 'E')
            ? text
            : throw new ProtoJsonException(path, "is not a number");
    }

    public static long Integer(JsonElement value, string path, long min, long max) =>
        Whole(value, path) is var whole && whole >= min && whole <= max ? (long)whole : throw new ProtoJsonException(path, $"is not between {min} and {max}");

    public static ulong Unsigned(JsonElement value, string path, ulong max) =>
        Whole(value, path) is var whole && whole >= 0 && whole <= max ? (ulong)whole : throw new ProtoJsonException(path, $"is not between 0 and {max}");

    private static decimal Whole(JsonElement value, string path) =>
        decimal.TryParse(Number(value, path), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
        && decimal.Truncate(number) == number
            ? number
            : throw new ProtoJsonException(path, "is not a whole number of this size");

    public static double Double(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.String && Text(value, path) is "NaN" or "Infinity" or "-Infinity")
        {
            return Text(value, path) switch { "NaN" => double.NaN, "Infinity" => double.PositiveInfinity, _ => double.NegativeInfinity };
        }

        return double.TryParse(Number(value, path), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : throw new ProtoJsonException(path, "is not a number of this size");
    }

    public static float Float(JsonElement value, string path)
    {
        var number = Double(value, path);
        return double.IsFinite(number) && !float.IsFinite((float)number) ? throw new ProtoJsonException(path, "is not a number of this size") : (float)number;
    }
}
