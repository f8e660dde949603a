using Google.Protobuf;
using WireKind = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;

namespace Chronos.Core.Dispatching.Grpc;

/// <summary>What stands on the wire for one value: a number of at most 64 bits, or bytes.</summary>
internal readonly record struct RawValue(long Number, ReadOnlyMemory<byte> Bytes)
{
    public long Signed(WireKind kind) => kind switch
    {
        WireKind.Int32 or WireKind.Sfixed32 => (int)Number,
        WireKind.Sint32 => (int)((uint)Number >> 1) ^ -(int)((uint)Number & 1),
        WireKind.Sint64 => (long)((ulong)Number >> 1) ^ -(Number & 1),
        _ => Number,
    };

    public ulong Unsigned(WireKind kind) => kind is WireKind.Uint32 or WireKind.Fixed32 ? (uint)Number : (ulong)Number;
}

/// <summary>The fields of a message by number, before their types are looked at.</summary>
internal sealed class RawMessage
{
    public Dictionary<int, List<RawValue>> Values { get; } = [];

    /// <summary>The field that came last: of a oneof it alone counts.</summary>
    public int? Last { get; private set; }

    public RawValue Find(int number) => Values.TryGetValue(number, out var values) ? values[^1] : default;

    public List<RawValue> All(int number) => Values.TryGetValue(number, out var values) ? values : [];

    public static RawMessage Read(ReadOnlyMemory<byte> bytes, ProtoMessage type)
    {
        var raw = new RawMessage();
        using var input = new CodedInputStream(bytes.ToArray());
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            var field = type.Find(WireFormat.GetTagFieldNumber(tag));
            if (field is null || !raw.Take(input, tag, field))
            {
                input.SkipLastField();
            }
        }

        return raw;
    }

    private bool Take(CodedInputStream input, uint tag, ProtoField field)
    {
        var wire = WireFormat.GetTagWireType(tag);
        var own = ProtoJsonEncoder.TypeOf(field.Kind);
        if (wire == WireFormat.WireType.LengthDelimited && field.IsRepeated && ProtoField.IsPackable(field.Kind))
        {
            using var packed = new CodedInputStream(input.ReadBytes().ToByteArray());
            while (!packed.IsAtEnd)
            {
                Add(field, Scalar(packed, own));
            }

            return true;
        }

        if (wire != own)
        {
            return false;
        }

        Add(field, wire switch
        {
            WireFormat.WireType.LengthDelimited => new RawValue(0, input.ReadBytes().Memory),
            WireFormat.WireType.StartGroup => new RawValue(0, Group(input, field.Number)),
            _ => Scalar(input, wire),
        });
        return true;
    }

    private void Add(ProtoField field, RawValue value)
    {
        if (field.Oneof is not null && Last is { } before && before != field.Number)
        {
            foreach (var other in Values.Keys.Where(number => number != field.Number && Owners.GetValueOrDefault(number) == field.Oneof).ToList())
            {
                Values.Remove(other);
            }
        }

        Owners[field.Number] = field.Oneof;
        (Values.TryGetValue(field.Number, out var values) ? values : Values[field.Number] = []).Add(value);
        Last = field.Number;
    }

    private Dictionary<int, string?> Owners { get; } = [];

    private static RawValue Scalar(CodedInputStream input, WireFormat.WireType wire) => wire switch
    {
        WireFormat.WireType.Varint => new RawValue((long)input.ReadUInt64(), default),
        WireFormat.WireType.Fixed64 => new RawValue((long)input.ReadFixed64(), default),
        _ => new RawValue(input.ReadFixed32(), default),
    };

    /// <summary>The inside of a group, copied out so that it reads as a message.</summary>
    private static byte[] Group(CodedInputStream input, int number)
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            Copy(input, output, number, 0);
        }

        return buffer.ToArray();
    }

    private static void Copy(CodedInputStream input, CodedOutputStream output, int number, int depth)
    {
        if (depth > ProtoJsonEncoder.DeepestNesting)
        {
            throw new FormatException($"is nested deeper than {ProtoJsonEncoder.DeepestNesting} messages");
        }

        for (var tag = input.ReadTag(); tag != WireFormat.MakeTag(number, WireFormat.WireType.EndGroup); tag = input.ReadTag())
        {
            if (tag == 0)
            {
                throw new FormatException("ends inside a group");
            }

            output.WriteTag(tag);
            switch (WireFormat.GetTagWireType(tag))
            {
                case WireFormat.WireType.Varint: output.WriteUInt64(input.ReadUInt64()); break;
                case WireFormat.WireType.Fixed64: output.WriteFixed64(input.ReadFixed64()); break;
                case WireFormat.WireType.Fixed32: output.WriteFixed32(input.ReadFixed32()); break;
                case WireFormat.WireType.LengthDelimited: output.WriteBytes(input.ReadBytes()); break;
                case WireFormat.WireType.StartGroup:
                    var inner = WireFormat.GetTagFieldNumber(tag);
                    Copy(input, output, inner, depth + 1);
                    output.WriteTag(inner, WireFormat.WireType.EndGroup);
                    break;
                default: throw new FormatException("holds a tag that is none");
            }
        }
    }
}
