using System.Text.Json;
using Chronos.Cli.Output;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;

namespace Chronos.Cli.Documents;

/// <summary>A job document and where it came from, so that a fault can be found by file, document and field.</summary>
/// <param name="File">Empty when it was made from flags.</param>
/// <param name="Number">Its place in the file, counted from 1.</param>
internal sealed record SourceDocument(string File, int Number, JsonElement Json)
{
    public string Name => Json.Text("name") ?? Place;

    /// <summary><c>jobs.yaml:2</c>.</summary>
    public string Place => File.Length == 0 ? "" : $"{File}:{Number}";

    /// <summary>What is wrong with it, found without a server.</summary>
    public IReadOnlyList<Violation> Faults()
    {
        var violations = new List<Violation>();
        JobDocument.Read(Json, violations);
        return [.. violations.Select(At)];
    }

    /// <exception cref="CliFailure">It is not valid.</exception>
    public void Check()
    {
        if (Faults() is { Count: > 0 } faults)
        {
            throw new CliFailure(ExitCode.Refused, Summary(faults), faults, [.. Carets(faults)]);
        }
    }

    /// <summary>The same refusal, with this document's place before each field.</summary>
    public CliFailure Placed(CliFailure refused) =>
        new(refused.ExitCode, refused.Message, [.. refused.Violations.Select(At)], [.. Carets(refused.Violations), .. refused.Remarks]);

    /// <summary>The schedule with a caret, if one of these faults is about it.</summary>
    public IEnumerable<string> Carets(IReadOnlyCollection<Violation> faults) =>
        faults.Any(f => f.Field.EndsWith("schedule.rrule", StringComparison.Ordinal)) && Json.Field("schedule")?.Text("rrule") is { } rule
            ? ScheduleCaret.OfRule(new ScheduleSpec { Rrule = rule, StartsAt = DateTimeOffset.UnixEpoch })
        : faults.Any(f => f.Field.EndsWith("schedule", StringComparison.Ordinal) || f.Field.EndsWith("schedule.cron", StringComparison.Ordinal)) && Cron is { } cron
            ? ScheduleCaret.OfCron(cron, Json.Field("schedule")?.Text("day_match") == "all" ? DayMatch.All : DayMatch.Any)
            : [];

    public static string Summary(IReadOnlyCollection<Violation> faults) =>
        faults.Count == 1 ? "1 field is wrong (validation_failed)" : $"{faults.Count} fields are wrong (validation_failed)";

    private string? Cron => Json.Field("schedule") switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Object } parts => parts.Text("cron"),
        _ => null,
    };

    private Violation At(Violation fault) => Place.Length == 0 ? fault : fault with { Field = fault.Field.Length == 0 ? Place : $"{Place}:{fault.Field}" };
}
