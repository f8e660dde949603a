using System.Text.Json;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching;

/// <summary>
/// The member <c>callback</c> of a protocol's section: what the target accepted has not ended; the target reports its end. Written as
/// <c>true</c>, or as <c>{timeout: 1h}</c>.
/// </summary>
/// <param name="Timeout">How long the target may be silent after it accepted, and after each heartbeat; absent: the timeout of the job.</param>
public sealed record CallbackRule(TimeSpan? Timeout)
{
    private const string Name = "callback";

    /// <summary>The rule of a stored section, or null when an accepted attempt has succeeded.</summary>
    public static CallbackRule? Of(DispatchTarget target)
    {
        // Nearly no section has it, and this is asked at every claim.
        if (!target.Section.Contains("\"callback\":", StringComparison.Ordinal))
        {
            return null;
        }

        using var document = JsonDocument.Parse(target.Section);
        return document.RootElement.TryGetProperty(Name, out var value) ? value.ValueKind switch
        {
            JsonValueKind.True => new CallbackRule((TimeSpan?)null),
            JsonValueKind.Object => new CallbackRule(value.TryGetProperty("timeout", out var text) && Durations.TryParse(text.GetString(), out var timeout) ? timeout : null),
            _ => null,
        } : null;
    }

    /// <summary>Takes the member out of a section that is being read.</summary>
    internal static CallbackRule? Take(SectionObject section, ICollection<Violation> violations)
    {
        switch (section.Take(Name))
        {
            case null or { ValueKind: JsonValueKind.False }:
                return null;
            case { ValueKind: JsonValueKind.True }:
                return new CallbackRule((TimeSpan?)null);
            case { ValueKind: JsonValueKind.Object } value when SectionObject.Open(value, section.At(Name), violations) is { } rule:
                var text = rule.TakeString("timeout");
                TimeSpan? timeout = null;
                if (text is not null && Durations.TryParse(text, out var read) && read >= JobDocumentLimits.MinDuration && read <= JobDocumentLimits.MaxDuration)
                {
                    timeout = read;
                }
                else if (text is not null)
                {
                    rule.Fault("timeout", $"is a duration from {Durations.Format(JobDocumentLimits.MinDuration)} to {Durations.Format(JobDocumentLimits.MaxDuration)}, such as 90s, 1h30m or PT1H30M");
                }

                rule.Close("timeout");
                return new CallbackRule(timeout);
            case { } other:
                section.Fault(Name, $"true, false or an object with a timeout is expected, not {SectionObject.Describe(other)}");
                return null;
        }
    }

    /// <summary>Writes it as the last member of a canonical section.</summary>
    internal static void Write(Utf8JsonWriter writer, CallbackRule? rule)
    {
        if (rule is { Timeout: { } timeout })
        {
            writer.WriteStartObject(Name);
            writer.WriteString("timeout", Durations.Format(timeout));
            writer.WriteEndObject();
        }
        else if (rule is not null)
        {
            writer.WriteBoolean(Name, true);
        }
    }
}
