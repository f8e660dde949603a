using System.Text;

namespace Chronos.Cli.Output;

/// <summary>Makes foreign text harmless: what a target or a user wrote must not move the cursor or break a table.</summary>
internal static class Plain
{
    /// <summary>The text on one line, without control characters; line breaks and tabs become blanks.</summary>
    public static string Line(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\0', '\u001f') && !text.AsSpan().ContainsAnyInRange('\u007f', '\u009f'))
        {
            return text;
        }

        var line = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (!char.IsControl(c))
            {
                line.Append(c);
            }
            else if (c is '\n' or '\t')
            {
                line.Append(' ');
            }
        }

        return line.ToString();
    }
}
