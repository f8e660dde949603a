using Chronos.Cli;
using Chronos.Core.Scheduling;
using Chronos.Tzdb;

// What is computed here is computed with the tz database that the node was told to use.
if (Environment.GetEnvironmentVariable("CHRONOS_TZDB") is { Length: > 0 } setting)
{
    if (TzdbFolder.Open(setting, out var wrong) is not { } zones)
    {
        await Console.Error.WriteLineAsync($"error: CHRONOS_TZDB: {wrong}");
        return ExitCode.Usage;
    }

    ZoneSource.Use(zones);
}

return await ChronosCtl.RunAsync(args, Surroundings.OfProcess(), CancellationToken.None);
