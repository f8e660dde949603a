using Chronos.Core.Kernel;

namespace Chronos.Core.Studio;

/// <summary>What the words of a curl line ask for.</summary>
internal sealed class CurlOptions
{
    private const string Field = "curl";

    /// <summary>Options without an argument that change nothing of the request that a job would make.</summary>
    private static readonly HashSet<string> Silent = new(StringComparer.Ordinal)
    {
        "-s", "--silent", "-S", "--show-error", "-v", "--verbose", "-i", "--include", "-f", "--fail", "--fail-with-body", "-#", "--progress-bar", "-N", "--no-buffer",
        "--http1.1", "--http2", "--http2-prior-knowledge", "-g", "--globoff", "-O", "--remote-name", "-4", "--ipv4", "-6", "--ipv6", "--tr-encoding", "--path-as-is", "-q",
    };

    /// <summary>Options with an argument that are about curl and not about the request.</summary>
    private static readonly HashSet<string> SilentWithArgument = new(StringComparer.Ordinal)
    {
        "-o", "--output", "-w", "--write-out", "--connect-timeout", "--retry-delay", "--retry-max-time", "-D", "--dump-header", "-c", "--cookie-jar", "--stderr", "--trace-ascii",
    };

    /// <summary>Options that would change the request in a way that a job cannot.</summary>
    private static readonly HashSet<string> Refused = new(StringComparer.Ordinal)
    {
        "-T", "--upload-file", "-K", "--config", "--unix-socket", "--resolve", "--connect-to", "--digest", "--ntlm", "--negotiate", "--aws-sigv4",
    };

    /// <summary>Options that name a file of a certificate, with the member of <c>webhook.tls</c> that takes its text.</summary>
    private static readonly Dictionary<string, string> Certificates = new(StringComparer.Ordinal)
    {
        ["-E"] = "certificate",
        ["--cert"] = "certificate",
        ["--key"] = "key",
        ["--cacert"] = "ca",
    };

    public string? Url { get; private set; }

    public string? Method { get; private set; }

    public List<(string Name, string Value)> Headers { get; } = [];

    public List<string> Data { get; } = [];

    /// <summary>Parts of a form as <c>-F</c> gives them, and whether everything behind the sign is text.</summary>
    public List<(string Text, bool IsPlain)> Parts { get; } = [];

    public string? Proxy { get; private set; }

    public string? ProxyUser { get; private set; }

    public string? User { get; private set; }

    public string? Bearer { get; private set; }

    public bool Json { get; private set; }

    public bool DataInQuery { get; private set; }

    public bool FollowRedirects { get; private set; }

    public string? MaxTime { get; private set; }

    public string? Retry { get; private set; }

    public List<string> Notes { get; } = [];

    /// <summary>Null when a word is not understood; the fault says which.</summary>
    public static CurlOptions? Read(IReadOnlyList<string> words, ICollection<Violation> violations)
    {
        var before = violations.Count;
        var options = new CurlOptions();
        if (words.Count == 0 || !(words[0] == "curl" || words[0].EndsWith("/curl", StringComparison.Ordinal) || words[0] == "curl.exe"))
        {
            violations.Add(new Violation(Field, "begins with the word curl"));
            return null;
        }

        for (var i = 1; i < words.Count; i++)
        {
            var word = words[i];
            if (word.Length < 2 || word[0] != '-')
            {
                options.Take(word, violations);
                continue;
            }

            var (name, value) = Split(word);
            foreach (var one in Bundle(name, ref value))
            {
                if (!options.Flag(one) && !options.Valued(one, () => value ?? (++i < words.Count ? words[i] : null), violations))
                {
                    violations.Add(new Violation(Field, $"the option {one} is not understood"));
                }
            }
        }

        if (options.Url is null && violations.Count == before)
        {
            violations.Add(new Violation(Field, "names no address"));
        }

        return violations.Count == before ? options : null;
    }

    /// <summary><c>-XPOST</c> and <c>--request=POST</c>: option and argument in one word.</summary>
    private static (string Name, string? Value) Split(string word)
    {
        if (word.StartsWith("--", StringComparison.Ordinal))
        {
            return word.IndexOf('=', StringComparison.Ordinal) is > 0 and var at ? (word[..at], word[(at + 1)..]) : (word, null);
        }

        return word.Length > 2 && "XHduAebmowFTxUKEcDr".Contains(word[1], StringComparison.Ordinal) ? (word[..2], word[2..]) : (word, null);
    }

    /// <summary><c>-sSL</c>: several options in one word, of which the last may take an argument (<c>-sXPOST</c>).</summary>
    private static List<string> Bundle(string name, ref string? value)
    {
        if (name.StartsWith("--", StringComparison.Ordinal) || name.Length == 2)
        {
            return [name];
        }

        var bundle = new List<string>();
        for (var i = 1; i < name.Length; i++)
        {
            bundle.Add($"-{name[i]}");
            if ("XHduAebmowFxUE".Contains(name[i], StringComparison.Ordinal))
            {
                value = i + 1 < name.Length ? name[(i + 1)..] : null;
                break;
            }
        }

        return bundle;
    }

    private void Take(string word, ICollection<Violation> violations)
    {
        if (Url is not null)
        {
            violations.Add(new Violation(Field, "names more than one address"));
        }

        Url = word;
    }

    private bool Flag(string name)
    {
        switch (name)
        {
            case "-G" or "--get": DataInQuery = true; return true;
            case "-I" or "--head": Method ??= "HEAD"; return true;
            case "-L" or "--location" or "--location-trusted": FollowRedirects = true; return true;
            case "-k" or "--insecure": Notes.Add("-k was left out: a certificate that cannot be verified is never accepted"); return true;
            case "--compressed": Notes.Add("--compressed was left out: answers are asked for as they are"); return true;
            default: return Silent.Contains(name);
        }
    }

    private bool Valued(string name, Func<string?> next, ICollection<Violation> violations)
    {
        if (Refused.Contains(name))
        {
            violations.Add(new Violation(Field, $"the option {name} cannot be taken over into a job"));
            next();
            return true;
        }

        if (Certificates.TryGetValue(name, out var member))
        {
            violations.Add(new Violation(Field, $"the option {name} reads a file; make a secret of its text, and name it as {member} under webhook.tls"));
            next();
            return true;
        }

        if (!IsKnown(name))
        {
            return SilentWithArgument.Contains(name) && next() is not null;
        }

        if (next() is not { } value)
        {
            violations.Add(new Violation(Field, $"the option {name} has no argument"));
            return true;
        }

        switch (name)
        {
            case "-X" or "--request": Method = value; break;
            case "--url": Take(value, violations); break;
            case "-H" or "--header": Header(value, violations); break;
            case "-u" or "--user": User = value; break;
            case "--oauth2-bearer": Bearer = value; break;
            case "-F" or "--form" or "--form-string":
                Parts.Add((value, name == "--form-string"));
                break;
            case "-x" or "--proxy": Proxy = value; break;
            case "-U" or "--proxy-user": ProxyUser = value; break;
            case "-A" or "--user-agent": Headers.Add(("User-Agent", value)); break;
            case "-e" or "--referer": Headers.Add(("Referer", value)); break;
            case "-b" or "--cookie": Headers.Add(("Cookie", value)); break;
            case "-m" or "--max-time": MaxTime = value; break;
            case "--retry": Retry = value; break;
            case "--data-urlencode":
                // name@file: the text behind the sign is read, unless a '=' stands before it.
                if (value.IndexOfAny(['=', '@']) is >= 0 and var sign && value[sign] == '@')
                {
                    ReadsFile(name, violations);
                }

                Data.Add(Encoded(value));
                break;
            default:
                Json |= name == "--json";
                if (value.StartsWith('@') && name != "--data-raw")
                {
                    ReadsFile(name, violations);
                }

                Data.Add(name is "-d" or "--data" or "--data-ascii" ? value.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal) : value);
                break;
        }

        return true;
    }

    private static void ReadsFile(string name, ICollection<Violation> violations) =>
        violations.Add(new Violation(Field, $"{name} reads a file; put its text into the line"));

    private static bool IsKnown(string name) => name is "-X" or "--request" or "--url" or "-H" or "--header" or "-u" or "--user" or "--oauth2-bearer" or "-A" or "--user-agent" or "-e"
        or "--referer" or "-b" or "--cookie" or "-m" or "--max-time" or "--retry" or "--data-urlencode" or "-d" or "--data" or "--data-ascii" or "--data-raw" or "--data-binary" or "--json"
        or "-F" or "--form" or "--form-string" or "-x" or "--proxy" or "-U" or "--proxy-user";

    private void Header(string text, ICollection<Violation> violations)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0)
        {
            Headers.Add((text[..colon].Trim(), text[(colon + 1)..].Trim()));
        }
        else if (text.EndsWith(';') && text.Length > 1)
        {
            Headers.Add((text[..^1], ""));
        }
        else
        {
            violations.Add(new Violation(Field, "a header is written name: value"));
        }
    }

    private static string Encoded(string value) => value.IndexOf('=', StringComparison.Ordinal) switch
    {
        < 0 => Uri.EscapeDataString(value),
        0 => Uri.EscapeDataString(value[1..]),
        var at => $"{value[..at]}={Uri.EscapeDataString(value[(at + 1)..])}",
    };
}
