using System.Collections.Concurrent;
using System.Text.Json;
using Chronos.Actors.Dispatching.Http;

namespace Chronos.Actors.Dispatching;

/// <summary>Canonical sections that were parsed already: a job sends the same one at every slot.</summary>
/// <param name="name">The section as users call it.</param>
/// <param name="parse">Throws <see cref="FormatException"/> when the text is no such section.</param>
internal sealed class ParsedSections<T>(string name, Func<string, T> parse)
    where T : class
{
    private const int MostKept = 10_000;
    private const int LongestKept = 16 * 1024;

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
            if (_sections.Count >= MostKept)
            {
                _sections.Clear();
            }

            return section.Length <= LongestKept ? _sections.GetOrAdd(section, parsed) : parsed;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw new RequestFaultException($"the {name} section of the job cannot be read");
        }
    }
}
