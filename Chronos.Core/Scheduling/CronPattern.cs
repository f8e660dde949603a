using Cronos;

namespace Chronos.Core.Scheduling;

/// <summary>
/// A compiled cron expression on the wall clock. Cronos searches; it reads day-of-month AND day-of-week and one special day a
/// field, so an expression beyond that becomes several and the earliest answer counts.
/// </summary>
internal sealed class CronPattern : WallPattern
{
    /// <summary>Recently used expressions, so that jobs with equal ones share them. Bounded: a slot holds the last expression that hashed to it.</summary>
    private static readonly CronPattern?[] Interned = new CronPattern?[1 << 14];

    /// <summary>Beyond it nothing is searched; far from the end of <see cref="DateTime"/>.</summary>
    private static readonly long Horizon = new DateTime(9000, 1, 1).Ticks;

    /// <summary>One expression, or several whose earliest answer counts. One field for both: there may be a million of these.</summary>
    private readonly object _expressions;

    private readonly CronSets _sets;

    private CronPattern(in CronSets sets)
    {
        _sets = sets;
        var texts = CronText.For(sets);
        _expressions = texts.Length == 1 ? Parse(texts[0]) : Array.ConvertAll(texts, Parse);
    }

    public ref readonly CronSets Sets => ref _sets;

    public override bool Repeats => Sets.Repeats;

    public static CronPattern Of(in CronSets sets)
    {
        ref var slot = ref Interned[sets.GetHashCode() & (Interned.Length - 1)];
        if (slot is { } known && known.Sets.Equals(sets))
            return known;

        return slot = new CronPattern(sets);
    }

    public override long FirstFrom(long local)
    {
        // Whole seconds: nothing of a cron expression lies between them.
        local = Math.Max(0, (local + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond);
        while (local < Horizon)
        {
            var from = new DateTime(local, DateTimeKind.Utc);
            var first = Never;
            if (_expressions is CronExpression only)
            {
                first = Search(only, from);
            }
            else
            {
                foreach (var expression in (CronExpression[])_expressions)
                    first = Math.Min(first, Search(expression, from));
            }

            if (first == Never || Sets.Years is not { } years)
                return first;

            var found = new DateTime(first).Year;
            var year = years.From(found);
            if (year == found)
                return first;
            if (year == 0)
                return Never;

            local = new DateTime(year, 1, 1).Ticks;
        }

        return Never;
    }

    public override long CountBetween(long from, long to)
    {
        from = Math.Max(0, (from + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond);
        to = Math.Min(Horizon, to + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;
        var (count, perDay) = (0L, Sets.CountBefore(CronSets.SecondsPerDay));
        for (var start = from / CronSets.SecondsPerDay * CronSets.SecondsPerDay; start < to; start += CronSets.SecondsPerDay)
        {
            var date = new DateTime(start * TimeSpan.TicksPerSecond);
            if (!Sets.HasDay(date.Year, date.Month, date.Day, DateTime.DaysInMonth(date.Year, date.Month), (int)date.DayOfWeek))
                continue;

            var whole = from <= start && to - start >= CronSets.SecondsPerDay;
            count += whole ? perDay
                : Sets.CountBefore((int)Math.Min(CronSets.SecondsPerDay, to - start)) - Sets.CountBefore((int)Math.Max(0, from - start));
        }

        return count;
    }

    private static long Search(CronExpression expression, DateTime from) => expression.GetNextOccurrence(from, inclusive: true)?.Ticks ?? Never;

    private static CronExpression Parse(string text) => CronExpression.Parse(text, CronFormat.IncludeSeconds);
}
