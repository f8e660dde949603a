using System.Buffers.Binary;
using System.Text;

namespace Chronos.Tests.Core.Scheduling.Zones;

/// <summary>Writes zone files as RFC 9636 lays them out, to be read back.</summary>
internal static class ZoneFileBytes
{
    /// <param name="changes">When, and the number of the type that begins.</param>
    /// <param name="types">Seconds east of UTC, whether it is daylight saving, name.</param>
    /// <param name="footer">Null writes version 1, which has 32-bit times and no footer.</param>
    public static byte[] Of((long At, int Type)[] changes, (int Offset, bool Daylight, string Name)[] types, string? footer, int leaps = 0)
    {
        using var stream = new MemoryStream();
        if (footer is not null)
            Block(stream, '2', 4, [], [types[0]], 0);

        Block(stream, footer is null ? '\0' : '2', footer is null ? 4 : 8, changes, types, leaps);
        if (footer is not null)
            stream.Write(Encoding.ASCII.GetBytes($"\n{footer}\n"));

        return stream.ToArray();
    }

    private static void Block(Stream stream, char version, int size, (long At, int Type)[] changes, (int Offset, bool Daylight, string Name)[] types, int leaps)
    {
        var names = string.Concat(types.Select(type => type.Name + "\0"));
        stream.Write("TZif"u8);
        stream.WriteByte((byte)version);
        stream.Write(new byte[15]);
        foreach (var count in new[] { types.Length, types.Length, leaps, changes.Length, types.Length, names.Length })
            Number(stream, 4, count);
        foreach (var change in changes)
            Number(stream, size, change.At);
        foreach (var change in changes)
            stream.WriteByte((byte)change.Type);

        var place = 0;
        foreach (var type in types)
        {
            Number(stream, 4, type.Offset);
            stream.WriteByte(type.Daylight ? (byte)1 : (byte)0);
            stream.WriteByte((byte)place);
            place += type.Name.Length + 1;
        }

        stream.Write(Encoding.ASCII.GetBytes(names));
        stream.Write(new byte[leaps * (size + 4)]);
        stream.Write(new byte[types.Length * 2]);
    }

    private static void Number(Stream stream, int size, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        stream.Write(bytes[(8 - size)..]);
    }
}
