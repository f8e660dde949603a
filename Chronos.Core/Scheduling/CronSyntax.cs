using Chronos.Core.Kernel;

namespace Chronos.Core.Scheduling;

/// <summary>Checks a cron expression without a job, for editors and the command line: says what is wrong and where.</summary>
public static class CronSyntax
{
    /// <summary>Null when the expression is valid.</summary>
    public static CronError? Check(string expression, DayMatch dayMatch)
    {
        if (!CronEvery.TryRead(expression, out var every, out _))
        {
            CronParser.Parse(expression, dayMatch, 0, out var error);
            return error;
        }

        var at = expression.LastIndexOf(' ') + 1;
        return every < TimeSpan.FromSeconds(1) ? new CronError(CronError.Whole, "@every is at least 1s", at, expression.Length - at)
            : every > Durations.Longest ? new CronError(CronError.Whole, $"@every {CronEvery.TooLong}", at, expression.Length - at)
            : null;
    }
}
