using System.Text.RegularExpressions;

namespace Chronos.Core.Studio;

/// <summary>
/// Finds what looks like a credential where nobody has said so: by the name that stands before it, or by its own shape. What the node
/// itself has put into a request is known and masked exactly before; this is for what others wrote.
/// </summary>
public static partial class CredentialText
{
    /// <summary>What stands in the place of a credential.</summary>
    public const string Stars = "***";

    private static readonly string[] Names =
    [
        "authorization", "cookie", "token", "secret", "password", "passwd", "pwd", "passphrase", "apikey", "accesskey", "privatekey", "secretkey",
        "authkey", "signature", "credential", "credentials",
    ];

    /// <summary>Whether a header, a member or a parameter of this name usually holds a credential.</summary>
    public static bool IsName(string name)
    {
        var plain = name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal).ToLowerInvariant();

        // A signature of Standard Webhooks proves who signed this one body; to see it is what the studio is for.
        return plain != "webhooksignature" && Names.Any(known => plain.EndsWith(known, StringComparison.Ordinal));
    }

    /// <summary>The same for a parameter of a query, where also <c>key</c> and <c>sig</c> are credentials.</summary>
    public static bool IsParameter(string name) => name is "key" or "sig" || IsName(name);

    /// <summary>A value under a name: hidden as a whole when the name says so.</summary>
    public static string Mask(string name, string value) => IsName(name) && value.Length > 0 ? Stars : Mask(value);

    /// <summary>The text with everything in it that looks like a credential replaced.</summary>
    public static string Mask(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        text = PrivateKey().Replace(text, Stars);
        text = WebToken().Replace(text, Stars);
        text = Scheme().Replace(text, match => $"{match.Groups[1].Value} {Stars}");
        text = UserInfo().Replace(text, match => $"{match.Groups[1].Value}{Stars}@");
        text = Member().Replace(text, match => IsName(match.Groups["name"].Value) ? match.Groups["before"].Value + Stars : match.Value);
        return Parameter().Replace(text, match => IsParameter(match.Groups["name"].Value) ? $"{match.Groups["name"].Value}={Stars}" : match.Value);
    }

    [GeneratedRegex(@"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\z)", RegexOptions.Singleline, 1000)]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*)?", RegexOptions.None, 1000)]
    private static partial Regex WebToken();

    [GeneratedRegex(@"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=\-]{16,}", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"(\b[A-Za-z][A-Za-z0-9+.\-]{0,20}://)[^/\s:@""'<>]{0,256}:[^/\s@""'<>]{1,512}@", RegexOptions.None, 1000)]
    private static partial Regex UserInfo();

    [GeneratedRegex(@"(?<before>\\*""(?<name>[^""\\]{1,64})\\*""\s*:\s*\\*"")(?<value>(?:[^""\\]|\\[^""])+)", RegexOptions.None, 1000)]
    private static partial Regex Member();

    [GeneratedRegex(@"(?<=^|[?&;\s""'])(?<name>[A-Za-z0-9_.\-]{1,64})=(?<value>[^&\s""'<>]+)", RegexOptions.None, 1000)]
    private static partial Regex Parameter();
}
