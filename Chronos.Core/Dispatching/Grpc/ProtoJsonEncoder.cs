using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using WireKind = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;

namespace Chronos.Core.Dispatching.Grpc;

/// <summary>The JSON of a message does not fit its type.</summary>
/// <param name="path">The field, from the root that was given.</param>
/// <param name="fault">What is wrong with it; without any value.</param>
public sealed class ProtoJsonException(string path, string fault) : Exception($"{path}: {fault}")
{
    public string Path { get; } = path;

    public string Fault { get; } = fault;
}

/// <summary>JSON to protobuf, as the JSON mapping of Protocol Buffers says; a field that the type does not have is refused by its path.</summary>
public static class ProtoJsonEncoder
{
    internal const int DeepestNesting = 100;

    /// <exception cref="ProtoJsonException">The JSON does not fit the type.</exception>
    public static byte[] Encode(JsonElement json, ProtoMessage type, string path)
    {
        ArgumentNullException.ThrowIfNull(type);
        try
        {
            return Message(json, type, path, 0);
        }
        catch (FormatException fault)
        {
            throw new ProtoJsonException(path, $"the descriptors {fault.Message}");
        }
    }

    internal static byte[] Message(JsonElement json, ProtoMessage type, string path, int depth)
    {
        if (depth > DeepestNesting)
        {
            throw new ProtoJsonException(path, $"is nested deeper than {DeepestNesting} messages");
        }

        if (ProtoWellKnownEncoder.Encode(json, type, path, depth) is { } special)
        {
            return special;
        }

        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new ProtoJsonException(path, $"an object is expected for {type.FullName}, not {SectionObject.Describe(json)}");
        }

        return Write(output => Fields(output, json, type, path, depth, static _ => false));
    }

    internal static byte[] Write(Action<CodedOutputStream> write)
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            write(output);
        }

        return buffer.ToArray();
    }

    internal static void Fields(CodedOutputStream output, JsonElement json, ProtoMessage type, string path, int depth, Func<string, bool> skip)
    {
        var given = new SortedDictionary<int, (ProtoField Field, JsonElement Value, string Path)>();
        var chosen = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in json.EnumerateObject())
        {
            if (skip(member.Name))
            {
                continue;
            }

            var at = $"{path}.{member.Name}";
            var field = type.Find(member.Name) ?? throw new ProtoJsonException(at, $"{type.FullName} has no such field");
            if (member.Value.ValueKind == JsonValueKind.Null && !TakesNull(field))
            {
                continue;
            }

            if (!given.TryAdd(field.Number, (field, member.Value, at)))
            {
                throw new ProtoJsonException(at, "is given twice");
            }

            if (field.Oneof is { } oneof && !chosen.TryAdd(oneof, member.Name))
            {
                throw new ProtoJsonException(at, $"only one of {oneof} can be given, and {chosen[oneof]} is");
            }
        }

        if (type.Fields.Value.FirstOrDefault(field => field.IsRequired && !given.ContainsKey(field.Number)) is { } missing)
        {
            throw new ProtoJsonException($"{path}.{missing.JsonName}", "is required");
        }

        foreach (var (field, value, at) in given.Values)
        {
            Field(output, field, value, at, depth);
        }
    }

    /// <summary>Only these know a null of their own; everywhere else it stands for absent.</summary>
    private static bool TakesNull(ProtoField field) => !field.IsRepeated && field.Kind switch
    {
        WireKind.Message => field.Message.FullName == "google.protobuf.Value",
        WireKind.Enum => field.Enum.FullName == "google.protobuf.NullValue",
        _ => false,
    };

    internal static void Field(CodedOutputStream output, ProtoField field, JsonElement value, string path, int depth)
    {
        if (field.IsMap)
        {
            Map(output, field, value, path, depth);
        }
        else if (field.IsRepeated)
        {
            Repeated(output, field, value, path, depth);
        }
        else if (field.HasPresence || !IsDefault(field, value, path))
        {
            Tagged(output, field, value, path, depth);
        }
    }

    private static void Repeated(CodedOutputStream output, ProtoField field, JsonElement value, string path, int depth)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw new ProtoJsonException(path, $"a list is expected, not {SectionObject.Describe(value)}");
        }

        var items = value.EnumerateArray().Select((item, index) => (item, Path: string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]"))).ToList();
        foreach (var (item, at) in items)
        {
            RefuseNull(item, at, field);
        }

        if (!field.IsPacked)
        {
            foreach (var (item, at) in items)
            {
                Tagged(output, field, item, at, depth);
            }
        }
        else if (items.Count > 0)
        {
            output.WriteTag(field.Number, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(Write(packed => items.ForEach(item => Scalar(packed, field, item.item, item.Path)))));
        }
    }

    private static void Map(CodedOutputStream output, ProtoField field, JsonElement value, string path, int depth)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new ProtoJsonException(path, $"an object is expected, not {SectionObject.Describe(value)}");
        }

        var (key, item) = (field.Message.Find(1), field.Message.Find(2));
        if (key is null || item is null)
        {
            throw new ProtoJsonException(path, "the descriptors do not tell the types of the map");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            var at = $"{path}.{member.Name}";
            if (!seen.Add(member.Name))
            {
                throw new ProtoJsonException(at, "is given twice");
            }

            RefuseNull(member.Value, at, item);
            output.WriteTag(field.Number, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(Write(entry =>
            {
                Key(entry, key, member.Name, at);
                Tagged(entry, item, member.Value, at, depth);
            })));
        }
    }

    private static void RefuseNull(JsonElement value, string path, ProtoField field)
    {
        var takes = field.Kind switch
        {
            WireKind.Message => field.Message.FullName == "google.protobuf.Value",
            WireKind.Enum => field.Enum.FullName == "google.protobuf.NullValue",
            _ => false,
        };
        if (value.ValueKind == JsonValueKind.Null && !takes)
        {
            throw new ProtoJsonException(path, "null cannot stand here");
        }
    }

    /// <summary>A key is always text in JSON.</summary>
    private static void Key(CodedOutputStream entry, ProtoField key, string name, string path)
    {
        using var text = JsonDocument.Parse(key.Kind == WireKind.Bool ? name is "true" or "false" ? name : "null" : $"\"{JsonEncodedText.Encode(name)}\"");
        Tagged(entry, key, text.RootElement, path, 0);
    }

    private static void Tagged(CodedOutputStream output, ProtoField field, JsonElement value, string path, int depth)
    {
        switch (field.Kind)
        {
            case WireKind.Message:
                output.WriteTag(field.Number, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(Message(value, field.Message, path, depth + 1)));
                break;
            case WireKind.Group:
                output.WriteTag(field.Number, WireFormat.WireType.StartGroup);
                if (value.ValueKind != JsonValueKind.Object || depth > DeepestNesting)
                {
                    throw new ProtoJsonException(path, $"an object is expected, not too deep, not {SectionObject.Describe(value)}");
                }

                Fields(output, value, field.Message, path, depth + 1, static _ => false);
                output.WriteTag(field.Number, WireFormat.WireType.EndGroup);
                break;
            default:
                output.WriteTag(field.Number, TypeOf(field.Kind));
                Scalar(output, field, value, path);
                break;
        }
    }

    internal static WireFormat.WireType TypeOf(WireKind kind) => kind switch
    {
        WireKind.Double or WireKind.Fixed64 or WireKind.Sfixed64 => WireFormat.WireType.Fixed64,
        WireKind.Float or WireKind.Fixed32 or WireKind.Sfixed32 => WireFormat.WireType.Fixed32,
        WireKind.String or WireKind.Bytes or WireKind.Message => WireFormat.WireType.LengthDelimited,
        WireKind.Group => WireFormat.WireType.StartGroup,
        _ => WireFormat.WireType.Varint,
    };

    private static bool IsDefault(ProtoField field, JsonElement value, string path)
    {
        // Also shows a wrong value where nothing would be written for it.
        var bytes = Write(output => Scalar(output, field, value, path));
        return bytes.All(static b => b == 0) && (field.Kind is not (WireKind.String or WireKind.Bytes) || bytes.Length == 1);
    }

    private static void Scalar(CodedOutputStream output, ProtoField field, JsonElement value, string path)
    {
        switch (field.Kind)
        {
            case WireKind.Double: output.WriteDouble(ProtoScalars.Double(value, path)); break;
            case WireKind.Float: output.WriteFloat(ProtoScalars.Float(value, path)); break;
            case WireKind.Int64: output.WriteInt64(ProtoScalars.Integer(value, path, long.MinValue, long.MaxValue)); break;
            case WireKind.Sint64: output.WriteSInt64(ProtoScalars.Integer(value, path, long.MinValue, long.MaxValue)); break;
            case WireKind.Sfixed64: output.WriteSFixed64(ProtoScalars.Integer(value, path, long.MinValue, long.MaxValue)); break;
            case WireKind.Uint64: output.WriteUInt64(ProtoScalars.Unsigned(value, path, ulong.MaxValue)); break;
            case WireKind.Fixed64: output.WriteFixed64(ProtoScalars.Unsigned(value, path, ulong.MaxValue)); break;
            case WireKind.Int32: output.WriteInt32((int)ProtoScalars.Integer(value, path, int.MinValue, int.MaxValue)); break;
            case WireKind.Sint32: output.WriteSInt32((int)ProtoScalars.Integer(value, path, int.MinValue, int.MaxValue)); break;
            case WireKind.Sfixed32: output.WriteSFixed32((int)ProtoScalars.Integer(value, path, int.MinValue, int.MaxValue)); break;
            case WireKind.Uint32: output.WriteUInt32((uint)ProtoScalars.Unsigned(value, path, uint.MaxValue)); break;
            case WireKind.Fixed32: output.WriteFixed32((uint)ProtoScalars.Unsigned(value, path, uint.MaxValue)); break;
            case WireKind.Bool: output.WriteBool(ProtoScalars.Boolean(value, path)); break;
            case WireKind.String: output.WriteString(ProtoScalars.Text(value, path)); break;
            case WireKind.Bytes: output.WriteBytes(ByteString.CopyFrom(ProtoScalars.Bytes(value, path))); break;
            case WireKind.Enum: output.WriteEnum(ProtoScalars.Enum(value, field.Enum, path)); break;
            default: throw new ProtoJsonException(path, "has a type that is not known");
        }
    }
}
