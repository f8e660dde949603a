using System.Collections.Immutable;
using System.Data.Common;

namespace Chronos.Actors.Projections;

/// <summary>
/// Where the read models are: one writer connection, owned by the <see cref="ProjectionRunner"/>, and connections for readers. Nothing
/// in it is the truth; when it is damaged the journal makes another.
/// </summary>
public abstract class ReadDatabase : IDisposable
{
    public abstract void Dispose();

    /// <summary>Runs a query on a connection of its own.</summary>
    /// <exception cref="ReadModelUnavailableException">It is damaged (the runner has been told), out of reach or not there yet.</exception>
    internal abstract T Read<T>(Func<DbConnection, T> query);

    /// <summary>What readers found wrong since the last call, if anything.</summary>
    internal abstract string? TakeDamage();

    /// <summary>
    /// Opens the writer; a damaged model is put aside first. Readers come in only when <paramref name="prepare"/> has made the tables. Null:
    /// another node folds for all.
    /// </summary>
    internal abstract DbConnection? OpenWriter(Action<DbConnection> prepare);

    /// <summary>Replaces a damaged model by an empty one.</summary>
    internal abstract DbConnection Replace(DbConnection? writer, string reason, Action<DbConnection> prepare);

    /// <summary>Closes in order.</summary>
    internal abstract void Close(DbConnection writer);

    /// <summary>Damage of content or shape: only a new model helps.</summary>
    internal abstract bool IsDamage(Exception e);

    /// <summary>Nothing is wrong with the event or the model, it is tried again.</summary>
    internal abstract bool IsPassing(Exception e);

    /// <summary>Fingerprint of every table and index, where the database is a file that somebody may have changed.</summary>
    internal virtual long? Fingerprint(DbConnection writer, DbTransaction? transaction) => null;

    /// <summary>Called by the writer in each turn: tells the other nodes where the projections stand, and hears what they ask for.</summary>
    internal virtual ImmutableArray<string> Meet(DbConnection writer, ImmutableArray<ProjectionHealth> health) => [];

    /// <summary>Called where another node folds: where its projections stand. <paramref name="wanted"/>: somebody here needs what is in the journal now.</summary>
    internal virtual ImmutableArray<ProjectionHealth> Follow(bool wanted) => [];

    /// <summary>Asks the node that folds to make a model anew.</summary>
    internal virtual void AskForRebuild(string projection) => throw new NotSupportedException("this node folds for itself");

    /// <summary>Called when another node asks the writer to look at the journal.</summary>
    internal virtual Action? Woken { get; set; }
}
