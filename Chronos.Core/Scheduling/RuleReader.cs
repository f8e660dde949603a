using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>Reads a recurrence rule of RFC 5545.</summary>
internal static class RuleReader
{
    public static TimeSource? Read(string text, string path, ScheduleSpec spec, ZoneRules zone, ICollection<Violation> violations)
    {
        violations.Add(new Violation(path, $"'{text}' cannot be read in {zone.Id} ({spec.Dst})"));
        return null;
    }
}
