using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Chronos.Core.Scheduling.Zones;

/// <summary>One kind of local time of a zone file.</summary>
/// <param name="Offset">Seconds east of UTC.</param>
internal readonly record struct TzifType(int Offset, bool Daylight, string Name);

/// <summary>
/// A compiled zone file as <c>zic</c> writes it (RFC 9636, formerly 8536): the changes with 64-bit times of version 2 and later, and
/// the rule for the time after them; of version 1 the 32-bit ones.
/// </summary>
/// <param name="Changes">When (seconds since 1970) which type begins; before the first, type 0 holds.</param>
internal sealed record TzifFile(ImmutableArray<TzifType> Types, ImmutableArray<(long At, int Type)> Changes, PosixRule? Rule)
{
    private const int HeaderLength = 44;

    public static bool IsOne(ReadOnlySpan<byte> bytes) => bytes.StartsWith("TZif"u8);

    /// <exception cref="FormatException">It is none, or is damaged, or counts leap seconds.</exception>
    public static TzifFile Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var header = Header.Read(bytes);
            if (header.Version < '2')
                return Block(bytes[HeaderLength..], header, timeSize: 4, null);

            var second = bytes[(HeaderLength + header.Length(4))..];
            header = Header.Read(second);
            var data = second[HeaderLength..];
            return Block(data, header, timeSize: 8, PosixRule.Parse(Footer(data[header.Length(8)..])));
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or IndexOutOfRangeException or OverflowException)
        {
            throw new FormatException("the zone file ends too early", e);
        }
    }

    private static string Footer(ReadOnlySpan<byte> rest)
    {
        var end = rest.Length > 0 && rest[0] == '\n' ? rest[1..].IndexOf((byte)'\n') : -1;
        return end >= 0 ? Encoding.ASCII.GetString(rest.Slice(1, end)) : throw new FormatException("the zone file has no footer");
    }

    private static TzifFile Block(ReadOnlySpan<byte> data, Header header, int timeSize, PosixRule? rule)
    {
        // Files of the folder "right" count seconds that UTC does not have.
        if (header.Leaps > 0)
            throw new FormatException("the zone file counts leap seconds");

        var indexes = data.Slice(header.Times * timeSize, header.Times);
        var types = data.Slice(header.Times * (timeSize + 1), header.Types * 6);
        var names = data.Slice((header.Times * (timeSize + 1)) + (header.Types * 6), header.Characters);
        var changes = ImmutableArray.CreateBuilder<(long, int)>(header.Times);
        for (var i = 0; i < header.Times; i++)
        {
            var time = data.Slice(i * timeSize, timeSize);
            changes.Add((timeSize == 8 ? BinaryPrimitives.ReadInt64BigEndian(time) : BinaryPrimitives.ReadInt32BigEndian(time), indexes[i]));
            if (indexes[i] >= header.Types || (i > 0 && changes[i].Item1 <= changes[i - 1].Item1))
                throw new FormatException("the changes of the zone file are out of order");
        }

        var read = ImmutableArray.CreateBuilder<TzifType>(header.Types);
        for (var i = 0; i < header.Types; i++)
        {
            var type = types.Slice(i * 6, 6);
            var name = names[type[5]..];
            read.Add(new TzifType(BinaryPrimitives.ReadInt32BigEndian(type), type[4] != 0, Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)])));
            if (Math.Abs((long)read[i].Offset) > 18 * 3600)
                throw new FormatException("an offset of the zone file is beyond 18 hours");
        }

        return read.Count > 0 ? new TzifFile(read.MoveToImmutable(), changes.MoveToImmutable(), rule) : throw new FormatException("the zone file has no local time");
    }

    private readonly record struct Header(char Version, int UtCount, int StandardCount, int Leaps, int Times, int Types, int Characters)
    {
        public static Header Read(ReadOnlySpan<byte> bytes)
        {
            if (!IsOne(bytes))
                throw new FormatException("is no compiled zone file");

            var counts = new int[6];
            for (var i = 0; i < counts.Length; i++)
                counts[i] = checked((int)BinaryPrimitives.ReadUInt32BigEndian(bytes.Slice(20 + (4 * i), 4)));

            return new Header((char)bytes[4], counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]);
        }

        public int Length(int timeSize) => checked((Times * (timeSize + 1)) + (Types * 6) + Characters + (Leaps * (timeSize + 4)) + StandardCount + UtCount);
    }
}
