using System.Buffers.Binary;

namespace Chronos.Actors.NodeStore;

/// <summary>Looks at a LiteDB file page by page, before LiteDB does.</summary>
/// <remarks>
/// After a kill LiteDB has a log beside the file, and lays the pages of the log over those of the file: what somebody has written over the file
/// meanwhile shows nowhere, or as late as the next read of a page that the log did not have. Every page says its own number.
/// </remarks>
internal static class LiteDbPages
{
    private const int Size = 8192;
    private const int TypeAt = 4;
    private const byte HighestType = 4;
    private const int MarkAt = 32;

    private static ReadOnlySpan<byte> Mark => "** This is a LiteDB file **"u8;

    /// <exception cref="InvalidDataException">The file is not what LiteDB has written.</exception>
    public static void Check(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, Size);
        if (file.Length == 0)
        {
            throw new InvalidDataException("it is empty");
        }

        var page = new byte[Size];
        for (var number = 0u; ; number++)
        {
            var length = file.ReadAtLeast(page, Size, throwOnEndOfStream: false);
            if (length == 0)
            {
                return;
            }

            if (!IsPage(page.AsSpan(0, length), number))
            {
                throw new InvalidDataException(number == 0 ? "it does not begin as one" : $"page {number} of it is none");
            }
        }
    }

    /// <summary>A page that was never written is empty: LiteDB moves pages from its log in no order. The last one may be cut where the process was killed.</summary>
    private static bool IsPage(ReadOnlySpan<byte> page, uint number)
    {
        if (number == 0)
        {
            return page.Length > MarkAt + Mark.Length && page.Slice(MarkAt, Mark.Length).SequenceEqual(Mark);
        }

        return page.IndexOfAnyExcept((byte)0) < 0 || (page.Length > TypeAt && BinaryPrimitives.ReadUInt32LittleEndian(page) == number && page[TypeAt] <= HighestType);
    }
}
