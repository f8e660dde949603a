using Ical.Net;
using Ical.Net.DataTypes;
using Ical.Net.Evaluation;

namespace Chronos.Core.Scheduling;

/// <summary>
/// A recurrence rule on the wall clock, evaluated by Ical.Net in floating time. Ical.Net walks from DTSTART, so the start is moved
/// near to where the search begins, by whole periods; only a rule with COUNT needs its true start, and its times are listed once.
/// </summary>
internal sealed class RulePattern(RecurrenceRule rule, DateTime start, IEnumerable<(long Local, bool WholeDay)> excluded) : WallPattern
{
    private static readonly long Horizon = new DateTime(2800, 1, 1).Ticks;

    private readonly HashSet<(long, bool)> _excluded = [.. excluded];
    private readonly Lazy<long[]>? _listed = rule.Count is null ? null : new Lazy<long[]>(() => [.. Evaluate(rule, start, start.Ticks)]);

    public override bool Repeats => rule.Frequency is FrequencyType.Minutely or FrequencyType.Hourly;

    public override long FirstFrom(long local)
    {
        foreach (var time in From(local))
            return time;

        return Never;
    }

    public override long CountBetween(long from, long to) => From(from).TakeWhile(time => time < to).LongCount();

    private IEnumerable<long> From(long local)
    {
        local = Math.Max(local, start.Ticks);
        if (local >= Horizon)
            return [];

        var times = _listed is null ? Evaluate(rule, Near(local), local) : _listed.Value.SkipWhile(time => time < local);
        return _excluded.Count == 0 ? times : times.Where(time => !_excluded.Contains((time, false)) && !_excluded.Contains((time - (time % TimeSpan.TicksPerDay), true)));
    }

    /// <summary>A start that gives the same times from <paramref name="local"/> on: at least two whole periods before it.</summary>
    private DateTime Near(long local)
    {
        var unit = rule.Frequency switch
        {
            FrequencyType.Minutely => TimeSpan.TicksPerMinute,
            FrequencyType.Hourly => TimeSpan.TicksPerHour,
            FrequencyType.Daily => TimeSpan.TicksPerDay,
            FrequencyType.Weekly => 7 * TimeSpan.TicksPerDay,
            _ => 0,
        };
        if (unit == 0)
            return NearMonth(new DateTime(local));

        var period = (Int128)unit * rule.Interval;
        var periods = (local - start.Ticks) / period - 2;
        return periods <= 0 ? start : start.AddTicks((long)(periods * period));
    }

    private DateTime NearMonth(DateTime local)
    {
        // Without BYDAY a rule with BYWEEKNO takes its weekday from the start, which a whole number of years does not keep.
        if (rule.ByWeekNo.Count > 0 && rule.ByDay.Count == 0)
            return start;

        // Days 29 to 31 do not exist in every month: four years keep both month and leap day.
        var months = (long)rule.Interval * (rule.Frequency == FrequencyType.Yearly ? 12 : 1) * (start.Day > 28 ? 48 : 1);
        var between = ((local.Year - start.Year) * 12L) + local.Month - start.Month;
        for (var periods = (between / months) - 2; periods > 0; periods--)
        {
            var near = start.AddMonths((int)(periods * months));
            if (near.Day == start.Day)
                return near;
        }

        return start;
    }

    private static IEnumerable<long> Evaluate(RecurrenceRule rule, DateTime start, long from)
    {
        // An attempt is one period without a time: a bound in years for long periods, in effort for short ones.
        var options = new EvaluationOptions { MaxUnmatchedIncrementsLimit = rule.Frequency is FrequencyType.Yearly or FrequencyType.Monthly ? 1200 : 70_000 };
        using var periods = Begin(rule, start, from, options);
        while (periods is not null && Advance(periods))
        {
            var ticks = periods.Current.StartTime.Value.Ticks;
            if (ticks >= Horizon)
                yield break;
            if (ticks >= from)
                yield return ticks;
        }
    }

    /// <summary>Null when already the first step leads beyond the calendar, as a large INTERVAL does.</summary>
    private static IEnumerator<Period>? Begin(RecurrenceRule rule, DateTime start, long from, EvaluationOptions options)
    {
        try
        {
            return new RecurrencePatternEvaluator(rule)
                .Evaluate(new CalDateTime(start, hasTime: true), new CalDateTime(new DateTime(from), hasTime: true), options)
                .GetEnumerator();
        }
        catch (EvaluationOutOfRangeException)
        {
            return null;
        }
    }

    private static bool Advance(IEnumerator<Period> periods)
    {
        try
        {
            return periods.MoveNext();
        }
        catch (Exception e) when (e is EvaluationLimitExceededException or EvaluationOutOfRangeException)
        {
            return false;
        }
    }
}
