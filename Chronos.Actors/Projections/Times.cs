namespace Chronos.Actors.Projections;

/// <summary>Instants as the databases keep them: microseconds since 1970, as in the journal.</summary>
internal static class Times
{
    public static long Micros(DateTimeOffset at) => (at.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset From(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
