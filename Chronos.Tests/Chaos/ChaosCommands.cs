namespace Chronos.Tests.Chaos;

/// <summary>The commands <c>chaos</c>, <c>partitions</c>, <c>failover</c> and <c>leave</c>.</summary>
internal static class ChaosCommands
{
    private static readonly Dictionary<string, Func<ChaosOptions, Task<int>>> All = new(StringComparer.Ordinal)
    {
        ["chaos"] = ChaosRun.Run,
        ["partitions"] = PartitionRun.Run,
        ["failover"] = FailOverRun.Run,
        ["leave"] = LeaveRun.Run,
    };

    public static bool Knows(IReadOnlyList<string> args) => args.Count > 0 && (args[0] == Isolation.Mode || All.ContainsKey(args[0]));

    /// <summary>Exit code 0 when every promise was kept, 1 when not, 2 when it cannot be tried.</summary>
    public static async Task<int> Run(IReadOnlyList<string> args)
    {
        var inside = args[0] == Isolation.Mode;
        var wishes = inside ? [.. args.Skip(1)] : args;
        if (ChaosOptions.Read(wishes.Skip(1)) is not { } options)
        {
            return 2;
        }

        if (!inside)
        {
            return await Isolation.Run(typeof(ChaosCommands).Assembly.Location, args);
        }

        Isolation.EndWithParent();
        return await All[wishes[0]](options);
    }
}
