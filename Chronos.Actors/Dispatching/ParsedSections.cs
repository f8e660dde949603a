using System.Collections.Concurrent;
using System.Text.Json;
using Chronos.Actors.Dispatching.Http;

namespace Chronos.Actors.Dispatching;

/// <summary>Canonical sections that were parsed already: a job sends the same one at every slot.</summary>
/// <param name="name">The section as users call it.</param>
/// <param name="parse">Throws <see cref="FormatException"/> when the text is no such section.</param>
/// <param name="mostKept">How many are kept.</param>
/// <param name="longestKept">Characters of the longest one that is kept.</param>
internal sealed class ParsedSections<T>(string name, Func<string, T> parse, int mostKept = 10_000, int longestKept = 16 * 1024)
    where T : class
{
    private readonly ConcurrentDictionary<string, T> _sections = new(StringComparer.Ordinal);

    /// <exception cref="RequestFaultException">The section cannot be read.</exception>
    public T Get(string section)
    {
        if (_sections.TryGetValue(section, out var known))
        {
            return known;
        }

        try
        {
            var parsed = parse(section);
            if (_sections.Count >= mostKept)
            {
                _sections.Clear();
            }

            return section.Length <= longestKept ? _sections.GetOrAdd(section, parsed) : parsed;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw new RequestFaultException($"the {name} section of the job cannot be read");
        }
    }
}
