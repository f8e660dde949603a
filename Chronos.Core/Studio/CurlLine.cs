using System.Globalization;
using System.Text;

namespace Chronos.Core.Studio;

/// <summary>Splits a command line as a POSIX shell does: quotes, <c>$'…'</c>, backslashes, lines that go on.</summary>
/// <remarks>Nothing is expanded: a variable or a command in it stays the text that it is.</remarks>
internal static class CurlLine
{
    /// <summary>The words; null when a quote is not closed.</summary>
    public static List<string>? Words(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var inside = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            switch (c)
            {
                case '\'' or '"' or '$' when c != '$' || (i + 1 < line.Length && line[i + 1] == '\''):
                    var end = c == '\'' ? Single(line, i + 1, word) : c == '"' ? Double(line, i + 1, word) : Ansi(line, i + 2, word);
                    if (end < 0)
                    {
                        return null;
                    }

                    (i, inside) = (end, true);
                    break;
                case '\\' when i + 1 < line.Length:
                    i++;
                    if (line[i] == '\r' && i + 1 < line.Length && line[i + 1] == '\n')
                    {
                        i++;
                    }
                    else if (line[i] != '\n')
                    {
                        word.Append(line[i]);
                        inside = true;
                    }

                    break;
                case ' ' or '\t' or '\r' or '\n':
                    if (inside)
                    {
                        words.Add(word.ToString());
                        word.Clear();
                        inside = false;
                    }

                    break;
                default:
                    word.Append(c);
                    inside = true;
                    break;
            }
        }

        if (inside)
        {
            words.Add(word.ToString());
        }

        return words;
    }

    private static int Single(string line, int from, StringBuilder word)
    {
        var end = line.IndexOf('\'', from);
        if (end >= 0)
        {
            word.Append(line, from, end - from);
        }

        return end;
    }

    private static int Double(string line, int from, StringBuilder word)
    {
        for (var i = from; i < line.Length; i++)
        {
            if (line[i] == '"')
            {
                return i;
            }

            if (line[i] == '\\' && i + 1 < line.Length && line[i + 1] is '"' or '\\' or '$' or '`' or '\n')
            {
                i++;
                if (line[i] == '\n')
                {
                    continue;
                }
            }

            word.Append(line[i]);
        }

        return -1;
    }

    /// <summary><c>$'…'</c>, which browsers write when they copy a request.</summary>
    private static int Ansi(string line, int from, StringBuilder word)
    {
        for (var i = from; i < line.Length; i++)
        {
            if (line[i] == '\'')
            {
                return i;
            }

            if (line[i] != '\\' || i + 1 == line.Length)
            {
                word.Append(line[i]);
                continue;
            }

            i++;
            switch (line[i])
            {
                case 'n': word.Append('\n'); break;
                case 'r': word.Append('\r'); break;
                case 't': word.Append('\t'); break;
                case 'u': i = Code(line, i, 4, word); break;
                case 'x': i = Code(line, i, 2, word); break;
                default: word.Append(line[i]); break;
            }
        }

        return -1;
    }

    private static int Code(string line, int at, int most, StringBuilder word)
    {
        var length = 0;
        while (length < most && at + 1 + length < line.Length && char.IsAsciiHexDigit(line[at + 1 + length]))
        {
            length++;
        }

        if (length == 0)
        {
            word.Append(line[at]);
            return at;
        }

        word.Append((char)int.Parse(line.AsSpan(at + 1, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        return at + length;
    }
}
