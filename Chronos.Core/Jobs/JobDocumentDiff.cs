using System.Collections.Immutable;
using System.Text.Json;

namespace Chronos.Core.Jobs;

/// <summary>One difference between two documents: what stood at a path, and what stands there now. Absent means that nothing stood there.</summary>
public sealed record JobDocumentChange(string Path, JsonElement? Old, JsonElement? New);

/// <summary>What changed between two documents, path by path, in the order of the documents.</summary>
public static class JobDocumentDiff
{
    public static ImmutableArray<JobDocumentChange> Between(JobDefinition old, JobDefinition now) =>
        Between(JobDocument.ToElement(old), JobDocument.ToElement(now));

    public static ImmutableArray<JobDocumentChange> Between(JsonElement old, JsonElement now)
    {
        var changes = ImmutableArray.CreateBuilder<JobDocumentChange>();
        Compare("", old, now, changes);
        return changes.ToImmutable();
    }

    private static void Compare(string path, JsonElement old, JsonElement now, ImmutableArray<JobDocumentChange>.Builder changes)
    {
        if (old.ValueKind != JsonValueKind.Object || now.ValueKind != JsonValueKind.Object)
        {
            if (!JsonElement.DeepEquals(old, now))
            {
                changes.Add(new JobDocumentChange(path, old, now));
            }

            return;
        }

        foreach (var member in old.EnumerateObject())
        {
            if (now.TryGetProperty(member.Name, out var other))
            {
                Compare(Join(path, member.Name), member.Value, other, changes);
            }
            else
            {
                changes.Add(new JobDocumentChange(Join(path, member.Name), member.Value, null));
            }
        }

        foreach (var member in now.EnumerateObject())
        {
            if (!old.TryGetProperty(member.Name, out _))
            {
                changes.Add(new JobDocumentChange(Join(path, member.Name), null, member.Value));
            }
        }
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
