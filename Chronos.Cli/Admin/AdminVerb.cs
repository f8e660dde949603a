namespace Chronos.Cli.Admin;

/// <summary>A verb of the console.</summary>
/// <param name="Words">What is typed, such as <c>cluster show</c>.</param>
/// <param name="Takes">What may follow, for the help.</param>
internal sealed record AdminVerb(string Words, string Takes, string About, Func<Call, AdminArguments, Task> Run);

/// <summary>What followed a verb: <c>-x value</c> options and plain words.</summary>
internal sealed class AdminArguments
{
    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);
    private readonly List<string> _plain = [];
    private readonly string _verb;

    /// <exception cref="CliFailure">An option lacks its value.</exception>
    public AdminArguments(string verb, IReadOnlyList<string> words)
    {
        _verb = verb;
        for (var i = 0; i < words.Count; i++)
        {
            if (words[i].Length < 2 || words[i][0] != '-')
            {
                _plain.Add(words[i]);
            }
            else if (++i < words.Count)
            {
                _options[words[i - 1].TrimStart('-')] = words[i];
            }
            else
            {
                throw CliFailure.Usage($"{verb}: {words[^1]} lacks its value");
            }
        }
    }

    /// <summary>An option by its short or long name.</summary>
    public string? Option(string letter, string name) => _options.Remove(letter, out var value) || _options.Remove(name, out value) ? value : null;

    /// <summary>The next plain word, or null.</summary>
    public string? Plain()
    {
        if (_plain.Count == 0)
        {
            return null;
        }

        var word = _plain[0];
        _plain.RemoveAt(0);
        return word;
    }

    /// <exception cref="CliFailure">Something was given that the verb does not take.</exception>
    public void Finish()
    {
        if (_options.Keys.Select(k => $"-{k}").Concat(_plain).FirstOrDefault() is { } left)
        {
            throw CliFailure.Usage($"{_verb}: '{left}' is not understood; see 'help'");
        }
    }
}
