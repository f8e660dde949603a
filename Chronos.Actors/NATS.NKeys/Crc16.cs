namespace NATS.NKeys;

/// <summary>CRC-16/XMODEM, little endian in the last two bytes.</summary>
internal static class Crc16
{
    public static bool Matches(ReadOnlySpan<byte> raw) => Of(raw[..^2]) == (raw[^2] | (raw[^1] << 8));

    public static void Append(Span<byte> raw)
    {
        var crc = Of(raw[..^2]);
        (raw[^2], raw[^1]) = ((byte)crc, (byte)(crc >> 8));
    }

    private static int Of(ReadOnlySpan<byte> bytes)
    {
        var crc = 0;
        foreach (var value in bytes)
        {
            crc ^= value << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? ((crc << 1) ^ 0x1021) & 0xFFFF : (crc << 1) & 0xFFFF;
            }
        }

        return crc;
    }
}
