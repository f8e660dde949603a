using System.Collections.Immutable;
using System.Data.Common;
using System.Text.RegularExpressions;
using Npgsql;

namespace Chronos.Actors.Projections;

/// <summary>The few lines that every query would repeat. Statements are written once, for both databases, with parameters as <c>$name</c>.</summary>
internal static partial class Sql
{
    public static DbCommand Command(DbConnection connection, string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = Text(connection, sql);
        return command;
    }

    public static void Bind(this DbCommand command, string name, object? value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = Name(command.Connection!, name);
        parameter.Value = value ?? DBNull.Value;
        command.Parameters.Add(parameter);
    }

    public static void Execute(DbConnection connection, string sql, DbTransaction? transaction = null)
    {
        using var command = Command(connection, sql);
        command.Transaction = transaction;
        command.ExecuteNonQuery();
    }

    public static ImmutableArray<T> All<T>(DbCommand command, Func<DbDataReader, T> row)
    {
        using var reader = command.ExecuteReader();
        var all = ImmutableArray.CreateBuilder<T>();
        while (reader.Read())
        {
            all.Add(row(reader));
        }

        return all.DrainToImmutable();
    }

    /// <summary>PostgreSQL's driver knows parameters as <c>@name</c>.</summary>
    public static string Text(DbConnection connection, string sql) => connection is NpgsqlConnection ? Parameter().Replace(sql, "@$1") : sql;

    public static string Name(DbConnection connection, string name) => connection is NpgsqlConnection ? name[1..] : name;

    /// <summary>
    /// An insert that replaces the row with the same key. <paramref name="source"/> is <c>VALUES (…)</c> or a SELECT with a WHERE clause, which
    /// SQLite needs to tell what follows from a join.
    /// </summary>
    public static string Upsert(string table, string columns, string key, string source)
    {
        var keys = key.Split(", ");
        var changed = columns.Split(", ").Except(keys).Select(c => $"{c}=excluded.{c}");
        return $"INSERT INTO {table} ({columns}) {source} ON CONFLICT ({key}) DO UPDATE SET {string.Join(", ", changed)}";
    }

    public static string Values(string columns) => $"VALUES ({string.Join(", ", columns.Split(", ").Select(c => $"${c}"))})";

    [GeneratedRegex(@"\$([a-z_]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Parameter();
}
