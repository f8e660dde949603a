using Chronos.Actors.Journal;

namespace Chronos.Actors.Kernel.Bootstrap;

/// <summary>
/// The last word on who founds a cluster: a row in the database that all nodes share. Contact points that were found wrongly may make two
/// nodes think that it is their turn; only one of them gets the row, and before it is free again the other sees the cluster of the first.
/// </summary>
public sealed class FoundingClaim(PostgresAddress database)
{
    private const string Name = "chronos-founding";

    /// <summary>Longer than a founded cluster takes to be seen by whoever asks its contact points.</summary>
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(15);

    private readonly LeaseTable _table = new(database, Name);

    /// <param name="node">Address and incarnation of who asks.</param>
    public async Task<bool> TryAsync(string node, CancellationToken cancellation) =>
        (await _table.TryAcquireAsync(node, [], Held, cancellation).ConfigureAwait(false)).State == LeaseState.Acquired;
}
