using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Chronos.Tests.Core.Scheduling;

/// <summary>
/// Recurrence rules against tables: the examples that RFC 5545 prints, and random rules whose times another reader of the standard
/// has computed (how: NOTES of the room). <c>CHRONOS_RRULE_CASES</c> names a larger table of the same form.
/// </summary>
public sealed class RecurrenceTableTests(ITestOutputHelper output)
{
    private sealed record Row(string Rule, string Start, string From, string To, string Expected);

    [Fact]
    public void Every_rule_of_the_table_gives_the_times_of_another_reader() => Agree("rrule.tsv", 400);

    [Fact]
    public void Every_example_of_the_standard_gives_the_times_that_it_prints() => Agree("rfc5545.tsv", 40);

    [Fact]
    public void A_larger_table_agrees_too()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CHRONOS_RRULE_CASES") is { Length: > 0 }, "CHRONOS_RRULE_CASES names no table");
        Agree(Environment.GetEnvironmentVariable("CHRONOS_RRULE_CASES")!, 1);
    }

    private void Agree(string file, int least)
    {
        var rows = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Cases", file))
            .Where(line => line.Length > 0 && !line.StartsWith('#')).Select(line => line.Split('\t'))
            .Select(row => new Row(row[0], row[1], row[2], row[3], row[4])).ToList();
        var wrong = rows.Select(Fault).OfType<string>().ToList();
        output.WriteLine($"{rows.Count} rules, {wrong.Count} differ");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(40)));
        Assert.True(rows.Count >= least);
    }

    private static string? Fault(Row row)
    {
        var text = JsonSerializer.Serialize(new { rrule = $"DTSTART:{row.Start}\nRRULE:{row.Rule.Replace("|", "\n", StringComparison.Ordinal)}" });
        var (schedule, violations) = Given.Try(text);
        if (row.Expected == "error" || schedule is null)
        {
            // What a rule never brings, this reader refuses and the other may return as nothing.
            return schedule is null && (row.Expected is "error" or "") ? null : $"{row}: {string.Join("; ", violations)}";
        }

        var (from, to) = (At(row.From), At(row.To));
        var actual = Given.Between(schedule, from, to).Take(2000).ToList();
        var expected = row.Expected.Length == 0 ? [] : row.Expected.Split(',').Select(At).ToList();
        if (!expected.SequenceEqual(actual))
            return $"{row}: {string.Join(',', actual.Take(20).Select(at => at.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture)))}";
        if (schedule.Count(from.AddTicks(-1), to.AddTicks(-1)) is var count && count != expected.Count)
            return $"{row}: Count {count}";
        if (schedule.Last(from.AddTicks(-1), to.AddTicks(-1)) != (expected.Count == 0 ? null : expected[^1]))
            return $"{row}: Last {schedule.Last(from.AddTicks(-1), to.AddTicks(-1))}";

        // Asked from within, the same times follow: nothing depends on where a search begins.
        for (var i = 0; i + 1 < expected.Count; i++)
        {
            if (schedule.Next(expected[i].AddMilliseconds(1)) != expected[i + 1])
                return $"{row}: Next after {expected[i]:u}";
        }

        return null;
    }

    private static DateTimeOffset At(string text) =>
        DateTimeOffset.ParseExact(text, "yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
