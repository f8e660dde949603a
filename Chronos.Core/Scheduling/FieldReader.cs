using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>Reads one field of the schedule with its type; a fault is a violation of this field.</summary>
internal readonly partial struct FieldReader(JsonElement value, string path, ICollection<Violation> violations)
{
    public void Wrong(string message) => violations.Add(new Violation(path, message));

    public string? Text()
    {
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString();

        Wrong("text is expected");
        return null;
    }

    public bool Flag()
    {
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            Wrong("true or false is expected");

        return value.ValueKind == JsonValueKind.True;
    }

    public TimeSpan? Duration()
    {
        if (value.ValueKind == JsonValueKind.String && Durations.TryParse(value.GetString(), out var duration))
            return duration;

        Wrong(TooLong() ?? "a duration is expected, such as 90s, 1h30m or PT5M");
        return null;
    }

    public TimeSpan? Every(out bool afterCompletion)
    {
        afterCompletion = false;
        if (value.ValueKind == JsonValueKind.String && CronEvery.TryReadDuration(value.GetString()!, out var duration, out afterCompletion))
            return duration;

        Wrong(TooLong() ?? "a duration is expected, such as 90s or 1h30m");
        return null;
    }

    private string? TooLong() => value.ValueKind == JsonValueKind.String && CronEvery.IsTooLong(value.GetString()!)
        ? CronEvery.TooLong
        : null;

    /// <summary>An instant in whole microseconds, as the journal keeps it: a slot of a finer one would be another after each recovery, and fire again.</summary>
    public DateTimeOffset? Time()
    {
        if (value.ValueKind == JsonValueKind.String && Rfc3339.TryParse(value.GetString(), out var time))
            return Instants.Floor(time);

        Wrong("an RFC 3339 time with its offset is expected, such as 2026-12-24T18:00:00Z");
        return null;
    }

    /// <summary>The index of the word; 0 also when it is none of them.</summary>
    public int Word(params ReadOnlySpan<string> words)
    {
        var index = value.ValueKind == JsonValueKind.String ? words.IndexOf(value.GetString()!) : -1;
        if (index < 0)
            Wrong($"one of {string.Join(", ", words!)} is expected");

        return Math.Max(0, index);
    }

    public ImmutableArray<string> Names(int limit)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            Wrong("a list of names is expected");
            return [];
        }

        var names = ImmutableArray.CreateBuilder<string>();
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.String && Name().IsMatch(item.GetString()!) && !names.Contains(item.GetString()!))
                names.Add(item.GetString()!);
            else
                violations.Add(new Violation($"{path}[{names.Count}]", "a name is expected, once"));

            if (names.Count > limit)
            {
                Wrong($"more than {limit}");
                break;
            }
        }

        return names.ToImmutable();
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,99}$")]
    private static partial Regex Name();
}
