using System.Data.Common;
using Npgsql;

namespace Chronos.Actors.Projections;

/// <summary>Tables are described once, as SQLite has them; PostgreSQL's are derived.</summary>
internal static class Schemas
{
    /// <remarks>
    /// Texts compare byte by byte on both, so that a list has one order whatever the locale of the database. An ordinary whole number is 64 bits.
    /// </remarks>
    public static string For(DbConnection connection, string sqlite) => connection is not NpgsqlConnection
        ? sqlite
        : sqlite
            .Replace("seq INTEGER PRIMARY KEY", "seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", StringComparison.Ordinal)
            .Replace(" INTEGER", " bigint", StringComparison.Ordinal)
            .Replace(" REAL", " double precision", StringComparison.Ordinal)
            .Replace(" BLOB", " bytea", StringComparison.Ordinal)
            .Replace(" TEXT", " text COLLATE \"C\"", StringComparison.Ordinal)
            .Replace(" WITHOUT ROWID", "", StringComparison.Ordinal);
}
