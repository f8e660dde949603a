using System.Globalization;
using System.Text.Json;
using Google.Protobuf;

namespace Chronos.Core.Dispatching.Grpc;

/// <summary>The well-known types whose JSON is not that of their fields.</summary>
internal static class ProtoWellKnownEncoder
{
    /// <summary>Null: a type whose JSON is that of its fields.</summary>
    public static byte[]? Encode(JsonElement json, ProtoMessage type, string path, int depth)
    {
        if (!type.FullName.StartsWith("google.protobuf.", StringComparison.Ordinal))
        {
            return null;
        }

        switch (type.FullName)
        {
            case "google.protobuf.Any":
                return Any(json, type, path, depth);
            case "google.protobuf.Timestamp":
                var (seconds, nanos) = ProtoTimes.Timestamp(ProtoScalars.Text(json, path)) ?? throw new ProtoJsonException(path, "is no time of RFC 3339 between the years 1 and 9999");
                return Time(seconds, nanos);
            case "google.protobuf.Duration":
                var (span, rest) = ProtoTimes.Duration(ProtoScalars.Text(json, path)) ?? throw new ProtoJsonException(path, "is no duration in seconds such as 1.5s");
                return Time(span, rest);
            case "google.protobuf.FieldMask":
                return ProtoJsonEncoder.Write(output =>
                {
                    foreach (var part in ProtoScalars.Text(json, path).Split(',', StringSplitOptions.RemoveEmptyEntries))
                    {
                        output.WriteTag(1, WireFormat.WireType.LengthDelimited);
                        output.WriteString(ProtoTimes.SnakeCase(part) ?? throw new ProtoJsonException(path, "a path of a field mask is written in lowerCamel"));
                    }
                });
            case "google.protobuf.Struct":
                return ProtoJsonEncoder.Write(output => Struct(output, json, path, depth));
            case "google.protobuf.ListValue":
                return ProtoJsonEncoder.Write(output => List(output, json, path, depth));
            case "google.protobuf.Value":
                return ProtoJsonEncoder.Write(output => Value(output, json, path, depth));
            case "google.protobuf.DoubleValue" or "google.protobuf.FloatValue" or "google.protobuf.Int64Value" or "google.protobuf.UInt64Value"
                or "google.protobuf.Int32Value" or "google.protobuf.UInt32Value" or "google.protobuf.BoolValue" or "google.protobuf.StringValue" or "google.protobuf.BytesValue":
                return ProtoJsonEncoder.Write(output => ProtoJsonEncoder.Field(output, type.Find(1) ?? throw new ProtoJsonException(path, "the descriptors do not tell its value"), json, path, depth));
            default:
                return null;
        }
    }

    private static byte[] Time(long seconds, int nanos) => ProtoJsonEncoder.Write(output =>
    {
        if (seconds != 0)
        {
            output.WriteTag(1, WireFormat.WireType.Varint);
            output.WriteInt64(seconds);
        }

        if (nanos != 0)
        {
            output.WriteTag(2, WireFormat.WireType.Varint);
            output.WriteInt32(nanos);
        }
    });

    private static byte[] Any(JsonElement json, ProtoMessage any, string path, int depth)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new ProtoJsonException(path, $"an object with @type is expected, not {SectionObject.Describe(json)}");
        }

        if (!json.EnumerateObject().Any())
        {
            return [];
        }

        if (!json.TryGetProperty("@type", out var url))
        {
            throw new ProtoJsonException($"{path}.@type", "is required: type.googleapis.com/package.Message");
        }

        var name = ProtoScalars.Text(url, $"{path}.@type");
        var type = name.Contains('/', StringComparison.Ordinal) ? any.Schema.FindMessage(name[(name.LastIndexOf('/') + 1)..]) : null;
        if (type is null)
        {
            throw new ProtoJsonException($"{path}.@type", "the descriptors hold no such type");
        }

        byte[] value;
        if (ProtoTimes.HasValueOfItsOwn(type.FullName))
        {
            var count = json.EnumerateObject().Count();
            value = json.TryGetProperty("value", out var own) && count == 2 ? ProtoJsonEncoder.Message(own, type, $"{path}.value", depth + 1)
                : count == 1 && type.FullName == "google.protobuf.Empty" ? []
                : throw new ProtoJsonException(path, $"{type.FullName} is written with @type and value, and nothing else");
        }
        else
        {
            value = depth < ProtoJsonEncoder.DeepestNesting
                ? ProtoJsonEncoder.Write(output => ProtoJsonEncoder.Fields(output, json, type, path, depth + 1, static member => member == "@type"))
                : throw new ProtoJsonException(path, $"is nested deeper than {ProtoJsonEncoder.DeepestNesting} messages");
        }

        return ProtoJsonEncoder.Write(output =>
        {
            output.WriteTag(1, WireFormat.WireType.LengthDelimited);
            output.WriteString(name);
            if (value.Length > 0)
            {
                output.WriteTag(2, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(value));
            }
        });
    }

    private static void Struct(CodedOutputStream output, JsonElement json, string path, int depth)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new ProtoJsonException(path, $"an object is expected, not {SectionObject.Describe(json)}");
        }

        foreach (var member in json.EnumerateObject())
        {
            output.WriteTag(1, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(ProtoJsonEncoder.Write(entry =>
            {
                entry.WriteTag(1, WireFormat.WireType.LengthDelimited);
                entry.WriteString(member.Name);
                entry.WriteTag(2, WireFormat.WireType.LengthDelimited);
                entry.WriteBytes(ByteString.CopyFrom(ProtoJsonEncoder.Write(value => Value(value, member.Value, $"{path}.{member.Name}", depth + 1))));
            })));
        }
    }

    private static void List(CodedOutputStream output, JsonElement json, string path, int depth)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            throw new ProtoJsonException(path, $"a list is expected, not {SectionObject.Describe(json)}");
        }

        var index = 0;
        foreach (var item in json.EnumerateArray())
        {
            var at = string.Create(CultureInfo.InvariantCulture, $"{path}[{index++}]");
            output.WriteTag(1, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(ProtoJsonEncoder.Write(value => Value(value, item, at, depth + 1))));
        }
    }

    private static void Value(CodedOutputStream output, JsonElement json, string path, int depth)
    {
        if (depth > ProtoJsonEncoder.DeepestNesting)
        {
            throw new ProtoJsonException(path, $"is nested deeper than {ProtoJsonEncoder.DeepestNesting} messages");
        }

        switch (json.ValueKind)
        {
            case JsonValueKind.Number:
                output.WriteTag(2, WireFormat.WireType.Fixed64);
                output.WriteDouble(ProtoScalars.Double(json, path));
                break;
            case JsonValueKind.String:
                output.WriteTag(3, WireFormat.WireType.LengthDelimited);
                output.WriteString(ProtoScalars.Text(json, path));
                break;
            case JsonValueKind.True or JsonValueKind.False:
                output.WriteTag(4, WireFormat.WireType.Varint);
                output.WriteBool(json.GetBoolean());
                break;
            case JsonValueKind.Object:
                output.WriteTag(5, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(ProtoJsonEncoder.Write(inner => Struct(inner, json, path, depth + 1))));
                break;
            case JsonValueKind.Array:
                output.WriteTag(6, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(ProtoJsonEncoder.Write(inner => List(inner, json, path, depth + 1))));
                break;
            default:
                output.WriteTag(1, WireFormat.WireType.Varint);
                output.WriteEnum(0);
                break;
        }
    }
}
