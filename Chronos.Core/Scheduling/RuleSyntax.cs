namespace Chronos.Core.Scheduling;

/// <summary>Checks a recurrence without a job, for editors and the command line: says what is wrong and where.</summary>
public static class RuleSyntax
{
    /// <summary>Null when it is valid in some zone.</summary>
    public static RuleError? Check(ScheduleSpec spec)
    {
        RuleReader.Read(spec.Rrule ?? "", spec, null, out var error);
        return error;
    }
}
