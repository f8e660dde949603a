using System.Text.Json;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>Reads and writes the job document of the API, of files and of the journal.</summary>
public static class JobDocument
{
    /// <summary>Reads and validates a whole document; every fault is added to <paramref name="violations"/> with its field's path, and then the result is null.</summary>
    public static JobDefinition? Read(JsonElement document, ICollection<Violation> violations) => throw new NotImplementedException();

    /// <summary>The canonical document: fixed order, defaults left out, durations in Go style.</summary>
    public static string ToJson(JobDefinition definition) => throw new NotImplementedException();
}
