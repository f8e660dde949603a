using System.Text;
using System.Text.Json;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Cli.Documents;

/// <summary>Points at the part of a schedule that is wrong: of a cron expression, of a recurrence rule, or of a JSON object as it was typed.</summary>
internal static class ScheduleCaret
{
    /// <summary>Characters of what was typed that an error repeats.</summary>
    internal const int MostShown = 160;

    /// <summary>What was typed and a line of carets beneath the culprit; nothing when it is valid, or holds what would spoil the alignment.</summary>
    /// <param name="violations">What is wrong, by fields of <c>schedule</c>; the first of them is shown.</param>
    public static IEnumerable<string> Lines(string typed, DayMatch dayMatch, IReadOnlyList<Violation> violations)
    {
        if (!typed.AsSpan().TrimStart().StartsWith("{"))
        {
            return OfCron(typed, dayMatch);
        }

        var field = violations.Select(v => v.Field).FirstOrDefault(f => f == "schedule" || f.StartsWith("schedule.", StringComparison.Ordinal));
        return field is not null && Place(typed, field["schedule".Length..].TrimStart('.'), dayMatch) is (var at, var length) ? Mark(typed, at, length) : [];
    }

    /// <summary>A cron expression with its fault.</summary>
    public static IEnumerable<string> OfCron(string expression, DayMatch dayMatch) =>
        CronSyntax.Check(expression, dayMatch) is { } error ? Mark(expression, error.Position, error.Length) : [];

    /// <summary>The line of a recurrence with its fault.</summary>
    public static IEnumerable<string> OfRule(ScheduleSpec spec)
    {
        if (RuleSyntax.Check(spec) is not { } error)
        {
            return [];
        }

        var text = spec.Rrule!;
        var start = error.Position == 0 ? 0 : text.LastIndexOfAny(['\r', '\n'], Math.Min(error.Position, text.Length) - 1) + 1;
        var end = text.IndexOfAny(['\r', '\n'], start) is >= 0 and var e ? e : text.Length;
        return Mark(text[start..end], error.Position - start, error.Length);
    }

    private static IEnumerable<string> Mark(string text, int at, int length)
    {
        text = text.Replace('\t', ' ');
        if (text.Any(char.IsControl))
        {
            return [];
        }

        // Of a long text what stands around the fault.
        var position = Math.Clamp(at, 0, text.Length);
        var start = text.Length <= MostShown ? 0 : Math.Clamp(position - (MostShown / 2), 0, text.Length - MostShown);
        var end = Math.Min(text.Length, start + MostShown);
        var (before, after) = (start > 0 ? "…" : "", end < text.Length ? "…" : "");
        return [$"  {before}{text[start..end]}{after}", $"  {new string(' ', before.Length + position - start)}{new string('^', Math.Max(1, Math.Min(length, end - position)))}"];
    }

    /// <summary>Where the value of a field stands in the object; within a text that has a grammar, where its fault is.</summary>
    private static (int At, int Length)? Place(string typed, string field, DayMatch dayMatch)
    {
        var bytes = Encoding.UTF8.GetBytes(typed);
        var (name, item) = Split(field);
        var reader = new Utf8JsonReader(bytes);
        (int, int)? found = null;
        try
        {
            while (reader.Read())
            {
                if (name.Length == 0)
                {
                    return Chars(bytes, 0, bytes.Length);
                }

                if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName || !reader.ValueTextEquals(name))
                {
                    continue;
                }

                var start = (int)reader.TokenStartIndex;
                reader.Read();
                if (Known(name))
                {
                    start = (int)reader.TokenStartIndex;
                }

                var items = reader.TokenType == JsonTokenType.StartArray ? item + 1 : 0;
                for (var i = 0; i < items && reader.TokenType != JsonTokenType.EndArray; i++)
                {
                    reader.Read();
                    start = (int)reader.TokenStartIndex;
                    reader.Skip();
                }

                var text = reader.TokenType == JsonTokenType.String && item is null ? reader.GetString() : null;
                reader.Skip();
                var whole = Chars(bytes, start, (int)reader.BytesConsumed);
                found = text is null ? whole : Within(typed, whole, name, text, dayMatch);
            }
        }
        catch (JsonException)
        {
            return null;
        }

        return found;
    }

    private static (int At, int Length) Within(string typed, (int At, int Length) whole, string name, string text, DayMatch dayMatch)
    {
        var (at, length) = name switch
        {
            "cron" when CronSyntax.Check(text, dayMatch) is { } cron => (cron.Position, cron.Length),
            "rrule" when RuleSyntax.Check(new ScheduleSpec { Rrule = text, StartsAt = DateTimeOffset.UnixEpoch }) is { } rule => (rule.Position, rule.Length),
            _ => (0, -1),
        };
        if (length < 0)
        {
            return whole;
        }

        var start = Raw(typed, whole.At + 1, at);
        return (start, Math.Max(1, Raw(typed, start, length) - start));
    }

    /// <summary>The place so many characters after another in a JSON text, in which some stand as escapes.</summary>
    private static int Raw(string typed, int from, int characters)
    {
        for (; characters > 0 && from < typed.Length; characters--)
        {
            from += typed[from] != '\\' ? 1 : from + 1 < typed.Length && typed[from + 1] == 'u' ? 6 : 2;
        }

        return Math.Min(from, typed.Length - 1);
    }

    private static (int At, int Length) Chars(byte[] bytes, int start, int end)
    {
        var at = Encoding.UTF8.GetCharCount(bytes.AsSpan(0, start));
        return (at, Encoding.UTF8.GetCharCount(bytes.AsSpan(start, end - start)));
    }

    /// <summary>Of a field that does not exist its name is to blame, not its value.</summary>
    private static bool Known(string name) =>
        name is "cron" or "every" or "after_completion" or "at" or "rrule" or "day_match" or "starts_at" or "ends_at" or "phase" or "jitter" or "calendars" or "dst";

    private static (string Name, int? Item) Split(string field)
    {
        var bracket = field.IndexOf('[', StringComparison.Ordinal);
        return bracket < 0 || !int.TryParse(field.AsSpan(bracket + 1).TrimEnd(']'), out var item) ? (field, null) : (field[..bracket], item);
    }
}
