using System.Net;
using System.Text;
using System.Text.Encodings.Web;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>Hides the secrets of an attempt, in every form that they may come back in, from whatever leaves the worker.</summary>
internal sealed class SecretMask
{
    public static readonly SecretMask None = new([]);

    private const string Stars = "***";

    // A shorter one would blot out half of every text, and is no secret.
    private const int Shortest = 3;

    private readonly string[] _secrets;

    // No form of a secret is shorter than it is without the space around it.
    private readonly int _least;
    private string[]? _forms;

    public SecretMask(IEnumerable<string> secrets)
    {
        _secrets = [.. secrets.Where(secret => secret.Length >= Shortest)];
        _least = _secrets.Length == 0 ? int.MaxValue : _secrets.Min(secret => Math.Max(Shortest, secret.Trim().Length));
    }

    /// <summary>How much of a secret may be left at the end of a text that was cut off.</summary>
    public int Longest => AllForms.Length == 0 ? 0 : AllForms[0].Length;

    // Most attempts succeed and show a few short words: there is nothing to look for in them.
    private string[] AllForms => _forms ??=
        [.. _secrets.SelectMany(Forms).Where(form => form.Length >= Shortest).Distinct(StringComparer.Ordinal).OrderByDescending(form => form.Length)];

    public string Apply(string text)
    {
        if (text.Length < _least)
        {
            return text;
        }

        foreach (var form in AllForms)
        {
            text = text.Replace(form, Stars, StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>The same for bytes of no known character set.</summary>
    public byte[] Apply(byte[] bytes)
    {
        if (bytes.Length < _least)
        {
            return bytes;
        }

        var text = Encoding.Latin1.GetString(bytes);
        foreach (var form in AllForms)
        {
            text = text.Replace(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(form)), Stars, StringComparison.Ordinal);
            text = text.Replace(Encoding.Latin1.GetString(Encoding.Unicode.GetBytes(form)), Stars, StringComparison.Ordinal);
        }

        return Encoding.Latin1.GetBytes(text);
    }

    private static IEnumerable<string> Forms(string secret)
    {
        var base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(secret));
        var percent = Uri.EscapeDataString(secret);
        return
        [
            secret, secret.Trim(), base64, base64.TrimEnd('='), base64.TrimEnd('=').Replace('+', '-').Replace('/', '_'), Uri.EscapeDataString(base64),
            percent, LowerHex(percent), WebUtility.UrlEncode(secret), LowerHex(WebUtility.UrlEncode(secret)), WebUtility.HtmlEncode(secret),
            JavaScriptEncoder.Default.Encode(secret), JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(secret),
            Convert.ToHexString(Encoding.UTF8.GetBytes(secret)), Convert.ToHexStringLower(Encoding.UTF8.GetBytes(secret)),
        ];
    }

    /// <summary>Percent codes are written in either case.</summary>
    private static string LowerHex(string text)
    {
        var chars = text.ToCharArray();
        for (var i = 0; i + 2 < chars.Length; i++)
        {
            if (chars[i] == '%')
            {
                chars[i + 1] = char.ToLowerInvariant(chars[i + 1]);
                chars[i + 2] = char.ToLowerInvariant(chars[i + 2]);
            }
        }

        return new string(chars);
    }
}
