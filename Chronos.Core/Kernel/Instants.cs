namespace Chronos.Core.Kernel;

/// <summary>Instants as the journal keeps them, in whole microseconds: a finer one would be another after a recovery.</summary>
public static class Instants
{
    /// <summary>The last whole microsecond that is not after <paramref name="at"/>.</summary>
    public static DateTimeOffset Floor(DateTimeOffset at) => at.AddTicks(-(at.Ticks % TimeSpan.TicksPerMicrosecond));

    /// <summary>The first whole microsecond that is not before <paramref name="at"/>.</summary>
    public static DateTimeOffset Ceiling(DateTimeOffset at) => Floor(at) is var floor && floor == at ? at : floor.AddMicroseconds(1);

    /// <summary>The later of the two.</summary>
    public static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a >= b ? a : b;
}
