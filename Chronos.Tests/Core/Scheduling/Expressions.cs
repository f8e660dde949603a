using System.Globalization;
using CsCheck;

namespace Chronos.Tests.Core.Scheduling;

/// <summary>Random valid cron expressions of the whole dialect. Dates that no year has are possible and refused by the engine.</summary>
internal static class Expressions
{
    public static readonly string[] Zones =
    [
        "UTC", "Europe/Berlin", "Europe/Dublin", "Africa/Casablanca", "America/New_York", "America/Havana", "Australia/Lord_Howe",
        "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo", "Asia/Tehran", "Pacific/Chatham", "Antarctica/Troll", "Africa/El_Aaiun",
    ];

    private static readonly string[] Weekdays = ["SUN", "mon", "Tue", "WED", "THU", "FRI", "sat"];

    public static readonly Gen<string> Time = Gen.Select(Field(0, 59, 59), Field(0, 59, 59), Field(0, 23, 23), Gen.Bool)
        .Select((second, minute, hour, seconds) => seconds ? $"{second} {minute} {hour}" : $"{minute} {hour}");

    public static readonly Gen<string> DayOfMonth = Gen.Frequency(
        (6, Gen.Const("*")), (3, Field(1, 31, 31)), (1, OneOf("L", "LW", "L-3", "15W", "1W", "31W", "1,15W,L", "L-2W", "?", "H")));

    public static readonly Gen<string> Month = Gen.Frequency((5, Gen.Const("*")), (2, Field(1, 12, 12)), (1, OneOf("JAN", "feb-apr", "NOV-FEB")));

    public static readonly Gen<string> DayOfWeek = Gen.Frequency(
        (6, Gen.Const("*")), (2, Field(0, 7, 7)), (1, Gen.Int[0, 6].Select(day => Weekdays[day])), (1, OneOf("5#2", "1L", "FRI-SUN", "6-2", "MON,3#5", "7", "?")));

    /// <summary>Mostly near the instants that are asked from, so that most of them still come.</summary>
    public static readonly Gen<string> Year = Gen.Frequency(
        (3, Field(1970, 2299, 100)), (1, Gen.Int[1, 100].Select(step => $"*/{step}")), (1, Gen.Select(Gen.Int[1970, 2100], Gen.Int[0, 199]).Select((a, length) => $"{a}-{a + length}")),
        (1, Gen.Select(Gen.Int[1970, 2100], Gen.Int[1, 100]).Select((a, step) => $"{a}/{step},*/50")));

    public static readonly Gen<string> Any = Gen.Select(Time, DayOfMonth, Month, DayOfWeek, Gen.Frequency((3, Gen.Const("")), (1, Year)))
        .Select((time, day, month, week, year) => year.Length == 0 ? $"{time} {day} {month} {week}" : $"{(time.Count(' ') == 1 ? "0 " : "")}{time} {day} {month} {week} {year}");

    /// <summary>Instants from 2000 to 2099, to the tick.</summary>
    public static readonly Gen<DateTimeOffset> Instant =
        Gen.Long[new DateTime(2000, 1, 1).Ticks, new DateTime(2099, 12, 31).Ticks].Select(ticks => new DateTimeOffset(ticks, TimeSpan.Zero));

    public static readonly Gen<string> Zone = OneOf(Zones);

    public static Gen<string> OneOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    /// <summary>The field of the year, of an expression that has one.</summary>
    public static string? YearOf(string expression) => expression.Split(' ') is { Length: 7 } fields ? fields[6] : null;

    /// <summary>The years of a field, each tried against its items.</summary>
    public static IEnumerable<int> YearsOf(string field) => Enumerable.Range(1970, 330).Where(year => field.Split(',').Any(item =>
    {
        var (range, step) = item.Split('/') is [var head, var tail] ? (head, int.Parse(tail, CultureInfo.InvariantCulture)) : (item, 0);
        var ends = (range == "*" ? "1970-2299" : range).Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray();
        var last = ends.Length > 1 ? ends[1] : step > 0 ? 2299 : ends[0];
        return year >= ends[0] && year <= last && (year - ends[0]) % Math.Max(1, step) == 0;
    }));

    private static Gen<string> Field(int min, int max, int maxStep) => Gen.Frequency(
        (3, Gen.Int[min, max].Select(value => $"{value}")),
        (2, Gen.Const("*")),
        (max == 7 || min == 1970 ? 0 : 1, Gen.Select(Gen.Int[0, 2], Gen.Int[min, (min + max) / 2], Gen.Int[0, (max - min) / 2], Gen.Int[1, maxStep])
            .Select((kind, a, length, step) => kind == 0 ? "H" : kind == 1 ? $"H({a}-{a + length})" : $"H/{step}")),
        (1, Gen.Int[1, maxStep].Select(step => $"*/{step}")),
        (1, Gen.Select(Gen.Int[min, max], Gen.Int[min, max]).Select((a, b) => Range(min, a, b))),
        (1, Gen.Select(Gen.Int[min, max], Gen.Int[min, max], Gen.Int[1, maxStep]).Select((a, b, step) => $"{Range(min, a, b)}/{step}")),
        (1, Gen.Select(Gen.Int[min, max], Gen.Int[1, maxStep]).Select((a, step) => $"{a}/{step}")),
        (1, Gen.Int[min, max].Array[2, 4].Select(values => string.Join(',', values))));

    /// <summary>Ranges wrap, those of years do not.</summary>
    private static string Range(int min, int a, int b) => min == 1970 && b < a ? $"{b}-{a}" : $"{a}-{b}";
}
