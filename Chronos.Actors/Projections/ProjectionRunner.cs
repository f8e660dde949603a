using System.Collections.Immutable;

namespace Chronos.Actors.Projections;

/// <summary>Folds the journal into the read models.</summary>
public sealed class ProjectionRunner
{
    public ImmutableArray<ProjectionHealth> Health => throw new NotImplementedException();

    /// <summary>Read your writes: true as soon as every projection holds the entry with this ordering, false after the timeout or when one cannot.</summary>
    public Task<bool> WaitUntil(long ordering, TimeSpan timeout, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Empties the model of a projection and folds the journal anew; the task ends when it has begun. False: there is no such projection.</summary>
    public Task<bool> Rebuild(string projection, CancellationToken cancellation) => throw new NotImplementedException();
}
