namespace Chronos.Actors.Jobs;

/// <summary>Registry key of the shard region of jobs; it takes <c>IJobCommand</c>.</summary>
public sealed class JobRegionKey;

/// <summary>Registry key of the shard region of timetables; it takes <c>ITimetableCommand</c>.</summary>
public sealed class TimetableRegionKey;

/// <summary>Registry key of the proxy of the tick leader; it takes <c>TimetablePlanning.GetLeader</c>.</summary>
public sealed class TickLeaderKey;
