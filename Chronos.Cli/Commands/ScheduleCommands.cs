using System.CommandLine;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl schedule …</c>.</summary>
internal static class ScheduleCommands
{
    public static void AddScheduleCommands(this RootCommand root, Surroundings around) => root.AddRoom("schedule", "schedules, without a server");
}
