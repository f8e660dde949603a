using System.Text;

namespace Chronos.Core.Scheduling;

/// <summary>Writes sets in the dialect of Cronos: lists of numbers, at most one special day a field.</summary>
internal static class CronText
{
    /// <summary>The expressions whose times together are those of the sets; nearly always one.</summary>
    public static string[] For(CronSets sets)
    {
        if (sets.Specials.IsEmpty && !sets.EitherDay)
            return [Line(sets, null, null)];

        var ofMonth = Alternatives(sets, CronField.DayOfMonth, sets.DaysOfMonth);
        var ofWeek = Alternatives(sets, CronField.DayOfWeek, sets.DaysOfWeek);
        return sets.EitherDay
            ? [.. ofMonth.Select(day => Line(sets, day, "*")), .. ofWeek.Select(day => Line(sets, "*", day))]
            : [.. from a in ofMonth from b in ofWeek select Line(sets, a, b)];
    }

    /// <param name="ofMonth">Null for the plain days of the sets; <paramref name="ofWeek"/> likewise.</param>
    private static string Line(CronSets sets, string? ofMonth, string? ofWeek)
    {
        var text = new StringBuilder(64);
        List(text, sets.Seconds, CronField.Second).Append(' ');
        List(text, sets.Minutes, CronField.Minute).Append(' ');
        List(text, sets.Hours, CronField.Hour).Append(' ');
        (ofMonth is null ? List(text, sets.DaysOfMonth, CronField.DayOfMonth) : text.Append(ofMonth)).Append(' ');
        List(text, sets.Months, CronField.Month).Append(' ');
        return (ofWeek is null ? List(text, sets.DaysOfWeek, CronField.DayOfWeek) : text.Append(ofWeek)).ToString();
    }

    private static List<string> Alternatives(CronSets sets, CronField field, ulong mask)
    {
        List<string> all = mask == 0 ? [] : [List(new StringBuilder(), mask, field).ToString()];
        foreach (var special in sets.Specials)
        {
            if (special.InWeek == (field == CronField.DayOfWeek))
                all.Add(special.ToString());
        }

        return all;
    }

    private static StringBuilder List(StringBuilder text, ulong mask, CronField field)
    {
        if (mask == ((1UL << field.Size) - 1) << field.Min)
            return text.Append('*');

        var comma = false;
        for (var value = field.Min; value <= field.Max; value++)
        {
            if ((mask >> value & 1) == 0)
                continue;
            if (comma)
                text.Append(',');
            if (value >= 10)
                text.Append((char)('0' + (value / 10)));

            text.Append((char)('0' + (value % 10)));
            comma = true;
        }

        return text;
    }
}
