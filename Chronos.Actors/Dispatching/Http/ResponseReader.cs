using System.Buffers;
using System.Net.Http.Headers;
using System.Text;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>What was read of a response, masked and safe to store.</summary>
/// <param name="Text">The text, if the response is text.</param>
internal sealed record ReadResponse(string? Text, byte[] Bytes, string ContentType, bool Truncated);

/// <summary>Reads a response up to a limit and makes text of it where it is text.</summary>
internal static class ResponseReader
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static async Task<(byte[] Bytes, bool Truncated)> ReadAsync(HttpContent content, int limit, CancellationToken cancellation)
    {
        if (content.Headers.ContentLength == 0)
        {
            return ([], false);
        }

        using var stream = await content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        using var read = new MemoryStream();
        try
        {
            while (true)
            {
                var count = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false);
                if (count == 0)
                {
                    return (read.ToArray(), false);
                }

                var room = limit - (int)read.Length;
                await read.WriteAsync(buffer.AsMemory(0, Math.Min(count, room)), cancellation).ConfigureAwait(false);
                if (count > room)
                {
                    return (read.ToArray(), true);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public static ReadResponse Decode(byte[] bytes, bool truncated, MediaTypeHeaderValue? type, SecretMask mask)
    {
        // A secret that was cut in two at the end would not be recognised.
        var keep = truncated ? Math.Max(0, bytes.Length - Math.Max(0, mask.Longest * 4)) : bytes.Length;
        var body = keep == bytes.Length ? bytes : bytes[..keep];
        if (Text(body, type, truncated) is not { } text)
        {
            return new ReadResponse(null, mask.Apply(body), MediaType(type) ?? "application/octet-stream", truncated);
        }

        var clean = mask.Apply(text);
        return new ReadResponse(clean, Encoding.UTF8.GetBytes(clean), $"{MediaType(type) ?? "text/plain"}; charset=utf-8", truncated);
    }

    /// <summary>The beginning of a text, at most so many bytes of UTF-8, never half a character.</summary>
    public static string Excerpt(string text, int bytes)
    {
        var used = 0;
        var end = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if ((used += rune.Utf8SequenceLength) > bytes)
            {
                break;
            }

            end += rune.Utf16SequenceLength;
        }

        return text[..end];
    }

    private static string? Text(byte[] bytes, MediaTypeHeaderValue? type, bool truncated)
    {
        var media = MediaType(type);
        if (media is not null && !IsText(media))
        {
            return null;
        }

        if (media is not null)
        {
            return Clean(EncodingOf(type!.CharSet).GetString(bytes));
        }

        try
        {
            // Without a type: text if it reads as such. What was cut off may end inside a character.
            var text = (truncated ? Encoding.UTF8 : Strict).GetString(bytes);
            return text.Any(static c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static bool IsText(string media) =>
        media.StartsWith("text/", StringComparison.Ordinal) || media.EndsWith("+json", StringComparison.Ordinal) || media.EndsWith("+xml", StringComparison.Ordinal)
        || media is "application/json" or "application/xml" or "application/x-www-form-urlencoded" or "application/javascript" or "application/yaml"
            or "application/x-yaml" or "application/x-ndjson" or "application/ndjson" or "application/graphql";

    /// <summary>Known ones only: what a stranger names is not looked up.</summary>
    private static Encoding EncodingOf(string? name) => name?.Trim('"').ToLowerInvariant() switch
    {
        "iso-8859-1" or "latin1" or "windows-1252" => Encoding.Latin1,
        "us-ascii" or "ascii" => Encoding.ASCII,
        "utf-16" or "utf-16le" => Encoding.Unicode,
        "utf-16be" => Encoding.BigEndianUnicode,
        _ => Encoding.UTF8,
    };

    private static string? MediaType(MediaTypeHeaderValue? type) => type?.MediaType?.ToLowerInvariant();

    /// <summary>Control characters do not belong into a journal, a terminal or a page.</summary>
    private static string Clean(string text) =>
        text.Any(static c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'))
            ? string.Create(text.Length, text, static (chars, source) =>
            {
                for (var i = 0; i < chars.Length; i++)
                {
                    chars[i] = char.IsControl(source[i]) && source[i] is not ('\n' or '\r' or '\t') ? '\uFFFD' : source[i];
                }
            })
            : text.TrimStart('\uFEFF');
}
