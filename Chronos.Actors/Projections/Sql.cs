using System.Collections.Immutable;
using Microsoft.Data.Sqlite;

namespace Chronos.Actors.Projections;

/// <summary>The three lines that every query would repeat.</summary>
internal static class Sql
{
    public static SqliteCommand Command(SqliteConnection connection, string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }

    public static ImmutableArray<T> All<T>(SqliteCommand command, Func<SqliteDataReader, T> row)
    {
        using var reader = command.ExecuteReader();
        var all = ImmutableArray.CreateBuilder<T>();
        while (reader.Read())
        {
            all.Add(row(reader));
        }

        return all.DrainToImmutable();
    }
}
