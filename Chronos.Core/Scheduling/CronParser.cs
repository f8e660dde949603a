using System.Collections.Frozen;

namespace Chronos.Core.Scheduling;

/// <summary>Reads the text of a cron expression: 5, 6 or 7 fields, or a macro.</summary>
internal static class CronParser
{
    public const int MaxLength = 500;

    private static readonly FrozenDictionary<string, string> Macros = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
        ["@monthly"] = "0 0 1 * *",
        ["@weekly"] = "0 0 * * 0",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@hourly"] = "0 * * * *",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The compiled expression, shared with equal ones; or null and the fault.</summary>
    /// <param name="seed">What <c>H</c> is derived from.</param>
    public static CronPattern? Parse(string text, DayMatch dayMatch, ulong seed, out CronError? error)
    {
        error = null;
        if (text.Length > MaxLength)
        {
            error = new CronError(CronError.Whole, $"longer than {MaxLength} characters", MaxLength, 1);
            return null;
        }

        Span<Range> places = stackalloc Range[9];
        var count = Split(text, places);
        if (count > 0 && CronEvery.Begins(text.AsSpan(places[0].Start.Value)))
        {
            error = CronEvery.Fault(text);
            return null;
        }

        if (count == 1 && text[places[0]].StartsWith('@'))
        {
            var (offset, _) = places[0].GetOffsetAndLength(text.Length);
            return Macros.TryGetValue(text[places[0]], out var expansion)
                ? Parse(expansion, dayMatch, seed, out error)
                : Refuse(MacroFault(text[places[0]]), offset, text.Trim().Length, out error);
        }

        if (NamesZone(text.AsSpan()[places[0]]))
        {
            var (offset, length) = places[0].GetOffsetAndLength(text.Length);
            return Refuse("the zone belongs into the field timezone, not into the expression", offset, length, out error);
        }

        if (count is < 5 or > 7)
        {
            var place = count > 7 ? places[7].Start.Value : Math.Max(0, text.Length - 1);
            return Refuse(FieldCountFault(count), place, 1, out error);
        }

        return ReadFields(text, places[..count], dayMatch, seed, out error);
    }

    /// <summary>The days of a month: as often a hash can move on before it has met every day and every month.</summary>
    private const int Draws = 31;

    private static CronPattern? ReadFields(string text, ReadOnlySpan<Range> places, DayMatch dayMatch, ulong seed, out CronError? error)
    {
        error = null;
        CronError? first = null;

        // What a job's hash draws must not decide whether its schedule is possible: a month without the day is passed over, as is a day that the month lacks.
        for (var draw = 0; draw < Draws; draw++)
        {
            var sets = Read(text, places, dayMatch, seed, draw, out error, out var drawn);
            if (sets is { } found)
                return CronPattern.Of(found);

            first ??= error;
            if (!drawn)
                break;
        }

        error = first;
        return null;
    }

    /// <param name="drawn">Whether another draw of the hashes may have a date where this one has none.</param>
    private static CronSets? Read(string text, ReadOnlySpan<Range> places, DayMatch dayMatch, ulong seed, int draw, out CronError? error, out bool drawn)
    {
        var sets = new CronSets { Seconds = 1, DayMatch = dayMatch };
        var fields = CronField.InOrder(places.Length);
        drawn = false;
        for (var i = 0; i < fields.Length; i++)
        {
            var (offset, length) = places[i].GetOffsetAndLength(text.Length);
            var dated = fields[i].IsDay || fields[i] == CronField.Month;
            var reader = new CronFieldReader(fields[i], text.AsSpan(offset, length), offset, seed, dated ? draw : 0);
            if (!reader.Read())
            {
                (error, drawn) = (reader.Error, false);
                return null;
            }

            drawn |= dated && reader.UsesHash;
            sets.Take(fields[i], ref reader);
        }

        error = null;
        if (sets.FaultOfDates() is not { } fault)
            return sets;

        var (at, size) = places[Array.IndexOf(fields, CronField.DayOfMonth)].GetOffsetAndLength(text.Length);
        error = new CronError(CronField.DayOfMonth.Name, fault, at, size);
        return null;
    }

    /// <summary>Whether a valid expression has an <c>H</c>, whose values are other ones for another job. THU is the only word with that letter.</summary>
    public static bool UsesHash(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] is 'H' or 'h' && (at == 0 || !char.IsAsciiLetter(text[at - 1])) && !text.StartsWith('@'))
                return true;
        }

        return false;
    }

    private static int Split(string text, Span<Range> places)
    {
        int count = 0, at = 0;
        while (count < places.Length)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            if (at == text.Length)
                break;

            var start = at;
            while (at < text.Length && !char.IsWhiteSpace(text[at]))
                at++;
            places[count++] = start..at;
        }

        return count;
    }

    /// <summary><c>TZ=…</c> and <c>CRON_TZ=…</c> before the fields, as some schedulers write it.</summary>
    private static bool NamesZone(ReadOnlySpan<char> text) =>
        text.StartsWith("TZ=", StringComparison.OrdinalIgnoreCase) || text.StartsWith("CRON_TZ=", StringComparison.OrdinalIgnoreCase);

    private static string MacroFault(string macro) => macro.ToUpperInvariant() switch
    {
        "@REBOOT" => "@reboot is not supported: the start of a node is not a time",
        _ => $"{macro} is not one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, @every",
    };

    private static string FieldCountFault(int count) =>
        count == 0 ? "the expression is empty"
        : $"5, 6 or 7 fields are expected, not {(count > 8 ? "more than 8" : count)}";

    private static CronPattern? Refuse(string message, int at, int length, out CronError? error)
    {
        error = new CronError(CronError.Whole, message, at, Math.Max(1, length));
        return null;
    }
}
