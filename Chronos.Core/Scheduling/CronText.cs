using System.Text;

namespace Chronos.Core.Scheduling;

/// <summary>Writes sets in the dialect of Cronos: lists of numbers, at most one special day a field.</summary>
internal static class CronText
{
    private const byte EveryDayOfWeek = 0x7F;
    private const uint EveryDayOfMonth = 0xFFFFFFFE;

    /// <summary>The expressions whose times together are those of the sets; nearly always one.</summary>
    public static string[] For(CronSets sets)
    {
        if (sets.Specials.IsEmpty && !sets.EitherDay)
            return [Line(sets)];

        List<CronSets> ofMonth = [.. Alternatives(sets, sets.DaysOfMonth, SpecialsOf(sets, inWeek: false))];
        List<CronSets> ofWeek = [.. Alternatives(sets, sets.DaysOfWeek, SpecialsOf(sets, inWeek: true))];
        IEnumerable<CronSets> parts = sets.EitherDay
            ? [.. ofMonth.Select(part => Month(sets, part) with { DaysOfWeek = EveryDayOfWeek }), .. ofWeek.Select(part => Week(sets, part) with { DaysOfMonth = EveryDayOfMonth })]
            : from a in ofMonth from b in ofWeek select Week(Month(sets, a), b) with { Specials = [.. a.Specials, .. b.Specials] };

        // A part that no year has (15W on a Sunday) would be searched for to the end of the calendar, each time.
        return [.. parts.Select(part => part with { DayMatch = DayMatch.All }).Where(part => part.FaultOfDates() is null).Select(Line)];
    }

    private static IEnumerable<SpecialDay> SpecialsOf(CronSets sets, bool inWeek) => sets.Specials.Where(day => day.InWeek == inWeek);

    /// <summary>The plain days of a field as one part, each special day as another; only the days of the parts count.</summary>
    private static IEnumerable<CronSets> Alternatives(CronSets sets, uint plain, IEnumerable<SpecialDay> specials)
    {
        if (plain != 0)
            yield return sets with { DaysOfMonth = plain, DaysOfWeek = (byte)plain, Specials = [] };
        foreach (var special in specials)
            yield return sets with { DaysOfMonth = 0, DaysOfWeek = 0, Specials = [special] };
    }

    private static CronSets Month(CronSets sets, CronSets part) => sets with { DaysOfMonth = part.DaysOfMonth, Specials = part.Specials };

    private static CronSets Week(CronSets sets, CronSets part) => sets with { DaysOfWeek = part.DaysOfWeek, Specials = part.Specials };

    private static string Line(CronSets sets)
    {
        var text = new StringBuilder(64);
        List(text, sets.Seconds, CronField.Second).Append(' ');
        List(text, sets.Minutes, CronField.Minute).Append(' ');
        List(text, sets.Hours, CronField.Hour).Append(' ');
        Days(text, sets, sets.DaysOfMonth, CronField.DayOfMonth).Append(' ');
        List(text, sets.Months, CronField.Month).Append(' ');
        return Days(text, sets, sets.DaysOfWeek, CronField.DayOfWeek).ToString();
    }

    private static StringBuilder Days(StringBuilder text, CronSets sets, ulong mask, CronField field)
    {
        foreach (var special in sets.Specials)
        {
            if (special.InWeek == (field == CronField.DayOfWeek))
                return text.Append(special.ToString());
        }

        return List(text, mask, field);
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
