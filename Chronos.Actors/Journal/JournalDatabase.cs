using System.Data.Common;

namespace Chronos.Actors.Journal;

/// <summary>Where the journal lives: makes its tables, opens connections, and tells what an error of the database means.</summary>
/// <remarks>Everything that differs between SQLite and PostgreSQL is behind this type; the writer, the readers and the retention are shared.</remarks>
public abstract class JournalDatabase
{
    /// <summary>What an operator calls it: a file, or host, port and database. Never a password.</summary>
    public abstract string Name { get; }

    /// <summary>How the stock classes name the driver.</summary>
    internal abstract string Provider { get; }

    /// <summary>How drivers connect, with everything secret that this needs.</summary>
    internal abstract string ConnectionString { get; }

    /// <summary>Lets the writers of this process through one at a time, where the database itself has no queue for them.</summary>
    internal abstract WriteGate Gate { get; }

    /// <summary>Makes what is missing, and looks whether it is a usable database at all.</summary>
    /// <exception cref="JournalDamagedException">It is there but cannot be used.</exception>
    /// <exception cref="JournalUnreachableException">It is not there.</exception>
    public abstract void Prepare();

    /// <summary>A connection with this journal's settings; pooled, so opening is cheap.</summary>
    internal abstract DbConnection Open();

    /// <inheritdoc cref="Open"/>
    internal abstract ValueTask<DbConnection> OpenAsync(CancellationToken cancellation);

    /// <summary>A connection that is kept for long, and that really ends, with its transaction, when it is disposed.</summary>
    internal abstract DbConnection OpenOwn();

    /// <summary>The same for a thread of which there are few: it must not stand in a dead connection for longer than anybody waits for it.</summary>
    internal virtual DbConnection OpenPrompt() => OpenOwn();

    /// <summary>Sets what the database forgets with each connection.</summary>
    internal abstract void Configure(DbConnection connection);

    internal abstract IWriteSession OpenWriter();

    /// <summary>Removes snapshots of a persistent actor beyond its newest <c>@snapshots</c>, one a time.</summary>
    internal abstract string TrimSnapshotsSql { get; }

    /// <summary>Notes how far a node has read, and answers how far every node has.</summary>
    /// <param name="forget">A node that has noted nothing for so long does not count any more: what it lacks is too old for it, too.</param>
    internal abstract long Passed(DbConnection connection, string reader, long ordering, TimeSpan forget);

    /// <summary>Gives space that nothing uses any more back to the disk.</summary>
    /// <returns>How many pages became free.</returns>
    internal abstract Task<long> GiveBack(DbConnection connection, CancellationToken cancellation);

    /// <summary>Whether one row is to blame and its neighbours can be stored without it.</summary>
    internal abstract bool IsOfOneWrite(DbException e);

    /// <summary>Whether the sequence number is there already.</summary>
    internal abstract bool IsFence(DbException e);

    /// <summary>Whether nobody has made the tables yet.</summary>
    internal abstract bool LacksTables(DbException e);

    /// <summary>Names the database where the error is the database's.</summary>
    internal abstract Exception Explain(DbException e);
}

/// <summary>The writer's connection. Used by one thread.</summary>
internal interface IWriteSession : IDisposable
{
    void Begin();

    void Insert(JournalWrite write);

    /// <summary>Stores one write inside the transaction, or leaves the transaction as it was.</summary>
    void InsertAlone(JournalWrite write);

    void Commit();

    void Rollback();

    /// <summary>Called after each commit, when it has been answered: the time for upkeep that nobody waits for.</summary>
    void Rest();
}

/// <summary>What every query would repeat.</summary>
internal static class DbCommands
{
    public static DbCommand Command(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    public static void Execute(this DbConnection connection, string sql)
    {
        using var command = connection.Command(sql);
        command.ExecuteNonQuery();
    }
}
