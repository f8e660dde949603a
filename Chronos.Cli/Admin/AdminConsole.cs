using System.Text;
using Chronos.Cli.Output;

namespace Chronos.Cli.Admin;

/// <summary>The console: reads lines, runs verbs. On a terminal a failure is said and the console goes on; from a pipe it ends with the failure.</summary>
internal sealed class AdminConsole(Call call)
{
    private readonly List<string> _history = [];

    /// <summary>Until <c>exit</c>, or the end of the input.</summary>
    public async Task Talk()
    {
        var editor = new LineEditor(call.Around.Out, _history);
        call.Print.Remark("chronosctl admin; 'help' lists the verbs, 'exit' ends");
        while (!call.Cancellation.IsCancellationRequested && editor.Read("chronos> ") is { } line)
        {
            if (line.Trim() is { Length: > 0 } said)
            {
                _history.Add(said);
                try
                {
                    if (!await Run(said))
                    {
                        return;
                    }
                }
                catch (CliFailure failure)
                {
                    call.Around.Error.WriteLine($"error: {Plain.Line(failure.Message)}");
                    foreach (var more in failure.Lines)
                    {
                        call.Around.Error.WriteLine(Plain.Line(more));
                    }
                }

                call.Around.Out.Flush();
            }
        }
    }

    /// <summary>Line by line from a pipe or a file. Empty lines and those that begin with # are passed over.</summary>
    public async Task Obey(TextReader lines)
    {
        while (await lines.ReadLineAsync(call.Cancellation) is { } line)
        {
            if (line.Trim() is { Length: > 0 } said && said[0] != '#')
            {
                _history.Add(said);
                if (!await Run(said))
                {
                    return;
                }
            }
        }
    }

    /// <summary>One line. False when it was the last.</summary>
    /// <exception cref="CliFailure">It is not understood, or was refused.</exception>
    public async Task<bool> Run(string line)
    {
        var words = Words(line);
        switch (words)
        {
            case ["exit"] or ["quit"]:
                return false;
            case ["help"]:
                Help();
                return true;
            case ["history"]:
                foreach (var (said, i) in _history.Select((said, i) => (said, i)))
                {
                    call.Print.Line($"{i + 1,4}  {said}");
                }

                return true;
            case [_, _, ..] when AdminVerbs.All.FirstOrDefault(v => v.Words == $"{words[0]} {words[1]}") is { } verb:
                await verb.Run(call, new AdminArguments(verb.Words, words[2..]));
                return true;
            default:
                var near = AdminVerbs.All.Where(v => v.Words.StartsWith(words[0] + " ", StringComparison.Ordinal)).Select(v => v.Words).ToList();
                throw CliFailure.Usage(near.Count > 0 ? $"'{Short(line)}' is no verb; there are {string.Join(", ", near)}" : $"'{Short(line)}' is no verb; 'help' lists them");
        }
    }

    private static string Short(string line) => line.Length <= 80 ? line : line[..80];

    private void Help()
    {
        var all = AdminVerbs.All.Select(v => (Said: $"{v.Words} {v.Takes}".TrimEnd(), v.About))
            .Concat([("help", "this"), ("history", "the lines of this session"), ("exit", "end; also quit, Ctrl-D")]).ToList();
        var width = all.Max(v => v.Item1.Length);
        all.ForEach(v => call.Print.Line($"{v.Item1.PadRight(width)}  {v.Item2}"));
    }

    /// <summary>Parted at blanks; double quotes hold a word together.</summary>
    private static string[] Words(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (quoted, begun) = (false, false);
        foreach (var c in line)
        {
            if (c == '"')
            {
                (quoted, begun) = (!quoted, true);
            }
            else if (!quoted && char.IsWhiteSpace(c))
            {
                if (begun)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    begun = false;
                }
            }
            else
            {
                word.Append(c);
                begun = true;
            }
        }

        if (quoted)
        {
            throw CliFailure.Usage("a quotation mark is not closed");
        }

        if (begun)
        {
            words.Add(word.ToString());
        }

        return words.Count > 0 ? [.. words] : [""];
    }
}
