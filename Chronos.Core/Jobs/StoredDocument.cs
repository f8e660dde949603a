using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>What comes up while a stored document is read: faults, and members that this build does not know because a later one wrote them.</summary>
internal sealed class StoredDocument : List<Violation>
{
    private JsonObject? _beyond;

    /// <summary>The unknown members, as the text of a JSON object with the shape of the document; null when there are none.</summary>
    public string? Beyond => _beyond?.ToJsonString();

    /// <param name="path">Of the object that the member is in, empty for the document itself.</param>
    public void Keep(string path, string name, JsonElement value)
    {
        if (path.Contains('[', StringComparison.Ordinal))
        {
            // Of an entry of a list it cannot be said later which one it was.
            return;
        }

        var at = _beyond ??= [];
        foreach (var step in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            if (at[step] is not JsonObject inner)
            {
                at[step] = inner = [];
            }

            at = inner;
        }

        at[name] = JsonNode.Parse(value.GetRawText());
    }
}
