using Google.Protobuf;
using Grpc.Core;

namespace Chronos.Actors.Dispatching.Grpc;

/// <summary>Messages as the bytes that they are; their types are not known to the compiler.</summary>
internal static class GrpcBytes
{
    public static readonly Marshaller<byte[]> Marshaller = Marshallers.Create(static bytes => bytes, static bytes => bytes);

    /// <summary>A message with one string in it.</summary>
    public static byte[] String(int field, string value)
    {
        if (value.Length == 0)
        {
            return [];
        }

        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            output.WriteTag(field, WireFormat.WireType.LengthDelimited);
            output.WriteString(value);
        }

        return buffer.ToArray();
    }
}
