using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using WireKind = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;

namespace Chronos.Core.Dispatching.Grpc;

/// <summary>Protobuf to JSON, as the JSON mapping of Protocol Buffers says. What the type does not know is left out.</summary>
public static class ProtoJsonDecoder
{
    /// <exception cref="FormatException">The bytes are no such message.</exception>
    public static string Decode(ReadOnlyMemory<byte> bytes, ProtoMessage type)
    {
        ArgumentNullException.ThrowIfNull(type);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 4 * ProtoJsonEncoder.DeepestNesting }))
        {
            try
            {
                Message(writer, bytes, type, 0);
            }
            catch (InvalidProtocolBufferException)
            {
                throw new FormatException($"is no {type.FullName}");
            }
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Message(Utf8JsonWriter writer, ReadOnlyMemory<byte> bytes, ProtoMessage type, int depth)
    {
        if (depth > ProtoJsonEncoder.DeepestNesting)
        {
            throw new FormatException($"is nested deeper than {ProtoJsonEncoder.DeepestNesting} messages");
        }

        var raw = RawMessage.Read(bytes, type);
        if (!WellKnown(writer, raw, type, depth))
        {
            writer.WriteStartObject();
            Members(writer, raw, type, depth);
            writer.WriteEndObject();
        }
    }

    private static void Members(Utf8JsonWriter writer, RawMessage raw, ProtoMessage type, int depth)
    {
        foreach (var field in type.Fields.Value)
        {
            if (!raw.Values.TryGetValue(field.Number, out var values))
            {
                continue;
            }

            if (field.IsMap)
            {
                writer.WriteStartObject(field.JsonName);
                Map(writer, field, values, depth);
                writer.WriteEndObject();
            }
            else if (field.IsRepeated)
            {
                writer.WriteStartArray(field.JsonName);
                foreach (var value in values)
                {
                    Value(writer, field, value, depth);
                }

                writer.WriteEndArray();
            }
            else if (field.HasPresence || !IsDefault(values[^1]))
            {
                writer.WritePropertyName(field.JsonName);
                Value(writer, field, Last(field, values), depth);
            }
        }
    }

    /// <summary>A message that comes in pieces is one; of anything else the last counts.</summary>
    private static RawValue Last(ProtoField field, List<RawValue> values) =>
        values.Count > 1 && field.Kind is WireKind.Message or WireKind.Group ? new RawValue(0, values.SelectMany(value => value.Bytes.ToArray()).ToArray()) : values[^1];

    private static bool IsDefault(RawValue value) => value.Number == 0 && value.Bytes.IsEmpty;

    private static void Map(Utf8JsonWriter writer, ProtoField field, List<RawValue> entries, int depth)
    {
        var type = field.Message;
        var (key, item) = (type.Find(1) ?? throw new FormatException("is a map without a key"), type.Find(2) ?? throw new FormatException("is a map without values"));
        var last = new Dictionary<string, RawValue>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            var pair = RawMessage.Read(entry.Bytes, type);
            last[KeyText(key, pair.Find(1))] = Last(item, pair.Values.TryGetValue(2, out var values) ? values : [default]);
        }

        foreach (var (name, value) in last)
        {
            writer.WritePropertyName(name);
            Value(writer, item, value, depth);
        }
    }

    private static string KeyText(ProtoField key, RawValue value) => key.Kind switch
    {
        WireKind.String => Encoding.UTF8.GetString(value.Bytes.Span),
        WireKind.Bool => value.Number != 0 ? "true" : "false",
        WireKind.Uint32 or WireKind.Fixed32 or WireKind.Uint64 or WireKind.Fixed64 => value.Unsigned(key.Kind).ToString(CultureInfo.InvariantCulture),
        _ => value.Signed(key.Kind).ToString(CultureInfo.InvariantCulture),
    };

    private static void Value(Utf8JsonWriter writer, ProtoField field, RawValue value, int depth)
    {
        switch (field.Kind)
        {
            case WireKind.Message or WireKind.Group:
                Message(writer, value.Bytes, field.Message, depth + 1);
                break;
            case WireKind.Enum:
                var number = (int)value.Number;
                if (field.Enum.FullName == "google.protobuf.NullValue")
                {
                    writer.WriteNullValue();
                }
                else if (field.Enum.NameOf(number) is { } name)
                {
                    writer.WriteStringValue(name);
                }
                else
                {
                    writer.WriteNumberValue(number);
                }

                break;
            case WireKind.Double:
                Number(writer, BitConverter.Int64BitsToDouble(value.Number));
                break;
            case WireKind.Float:
                var single = BitConverter.Int32BitsToSingle((int)value.Number);
                if (float.IsFinite(single))
                {
                    writer.WriteNumberValue(single);
                }
                else
                {
                    Number(writer, single);
                }

                break;
            case WireKind.Bool:
                writer.WriteBooleanValue(value.Number != 0);
                break;
            case WireKind.String:
                writer.WriteStringValue(value.Bytes.Span);
                break;
            case WireKind.Bytes:
                writer.WriteBase64StringValue(value.Bytes.Span);
                break;
            case WireKind.Uint64 or WireKind.Fixed64:
                writer.WriteStringValue(value.Unsigned(field.Kind).ToString(CultureInfo.InvariantCulture));
                break;
            case WireKind.Int64 or WireKind.Sint64 or WireKind.Sfixed64:
                writer.WriteStringValue(value.Signed(field.Kind).ToString(CultureInfo.InvariantCulture));
                break;
            case WireKind.Uint32 or WireKind.Fixed32:
                writer.WriteNumberValue(value.Unsigned(field.Kind));
                break;
            default:
                writer.WriteNumberValue(value.Signed(field.Kind));
                break;
        }
    }

    private static void Number(Utf8JsonWriter writer, double number)
    {
        if (double.IsFinite(number))
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteStringValue(double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
        }
    }

    private static bool WellKnown(Utf8JsonWriter writer, RawMessage raw, ProtoMessage type, int depth)
    {
        if (!type.FullName.StartsWith("google.protobuf.", StringComparison.Ordinal))
        {
            return false;
        }

        switch (type.FullName)
        {
            case "google.protobuf.Any":
                Any(writer, raw, type, depth);
                return true;
            case "google.protobuf.Timestamp":
                writer.WriteStringValue(ProtoTimes.Timestamp(raw.Find(1).Number, (int)raw.Find(2).Number) ?? throw new FormatException("holds a time outside of the years 1 to 9999"));
                return true;
            case "google.protobuf.Duration":
                writer.WriteStringValue(ProtoTimes.Duration(raw.Find(1).Number, (int)raw.Find(2).Number) ?? throw new FormatException("holds a duration out of range"));
                return true;
            case "google.protobuf.FieldMask":
                writer.WriteStringValue(string.Join(',', raw.All(1).Select(path => ProtoField.CamelCase(Encoding.UTF8.GetString(path.Bytes.Span)))));
                return true;
            case "google.protobuf.Struct":
                writer.WriteStartObject();
                if (raw.Values.TryGetValue(1, out var entries) && type.Find(1) is { } fields)
                {
                    Map(writer, fields, entries, depth);
                }

                writer.WriteEndObject();
                return true;
            case "google.protobuf.ListValue":
                writer.WriteStartArray();
                foreach (var item in raw.All(1))
                {
                    Message(writer, item.Bytes, (type.Find(1) ?? throw new FormatException("is a list without values")).Message, depth + 1);
                }

                writer.WriteEndArray();
                return true;
            case "google.protobuf.Value":
                if (raw.Last is { } number && number > 1 && type.Find(number) is { } kind)
                {
                    Value(writer, kind, Last(kind, raw.Values[number]), depth);
                }
                else
                {
                    writer.WriteNullValue();
                }

                return true;
            case var name when name.EndsWith("Value", StringComparison.Ordinal) && ProtoTimes.HasValueOfItsOwn(name):
                Value(writer, type.Find(1) ?? throw new FormatException("is a wrapper without a value"), raw.Find(1), depth);
                return true;
            default:
                return false;
        }
    }

    private static void Any(Utf8JsonWriter writer, RawMessage raw, ProtoMessage any, int depth)
    {
        var url = Encoding.UTF8.GetString(raw.Find(1).Bytes.Span);
        writer.WriteStartObject();
        if (url.Length > 0)
        {
            writer.WriteString("@type", url);
            var type = any.Schema.FindMessage(url[(url.LastIndexOf('/') + 1)..]);
            var value = raw.Find(2).Bytes;
            if (type is null)
            {
                // Nobody told us its type; the bytes are better than no answer at all.
                writer.WriteBase64String("value", value.Span);
            }
            else if (ProtoTimes.HasValueOfItsOwn(type.FullName))
            {
                writer.WritePropertyName("value");
                Message(writer, value, type, depth + 1);
            }
            else if (depth < ProtoJsonEncoder.DeepestNesting)
            {
                Members(writer, RawMessage.Read(value, type), type, depth + 1);
            }
        }

        writer.WriteEndObject();
    }
}
