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

    public static readonly Gen<string> Any = Gen.Select(Time, DayOfMonth, Month, DayOfWeek)
        .Select((time, day, month, week) => $"{time} {day} {month} {week}");

    /// <summary>Instants from 2000 to 2099, to the tick.</summary>
    public static readonly Gen<DateTimeOffset> Instant =
        Gen.Long[new DateTime(2000, 1, 1).Ticks, new DateTime(2099, 12, 31).Ticks].Select(ticks => new DateTimeOffset(ticks, TimeSpan.Zero));

    public static readonly Gen<string> Zone = OneOf(Zones);

    public static Gen<string> OneOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    private static Gen<string> Field(int min, int max, int maxStep) => Gen.Frequency(
        (3, Gen.Int[min, max].Select(value => $"{value}")),
        (2, Gen.Const("*")),
        (1, Gen.Int[1, maxStep].Select(step => $"*/{step}")),
        (1, Gen.Select(Gen.Int[min, max], Gen.Int[min, max]).Select((a, b) => $"{a}-{b}")),
        (1, Gen.Select(Gen.Int[min, max], Gen.Int[min, max], Gen.Int[1, maxStep]).Select((a, b, step) => $"{a}-{b}/{step}")),
        (1, Gen.Select(Gen.Int[min, max], Gen.Int[1, maxStep]).Select((a, step) => $"{a}/{step}")),
        (1, Gen.Int[min, max].Array[2, 4].Select(values => string.Join(',', values))));
}
