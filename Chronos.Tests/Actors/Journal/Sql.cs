using Chronos.Actors.Journal;

namespace Chronos.Tests.Actors.Journal;

/// <summary>Looks at the journal behind the back of its classes.</summary>
internal static class Sql
{
    public static void Run(JournalDatabase database, string sql)
    {
        using var connection = database.OpenOwn();
        connection.Execute(sql);
    }

    /// <summary>The rows as text, columns joined by <c>|</c>; blobs as hexadecimal.</summary>
    public static List<string> Rows(JournalDatabase database, string sql)
    {
        using var connection = database.OpenOwn();
        using var command = connection.Command(sql);
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i =>
                reader.IsDBNull(i) ? "null" : reader.GetValue(i) is byte[] bytes ? Convert.ToHexString(bytes) : FormattableString.Invariant($"{reader.GetValue(i)}"))));
        }

        return rows;
    }
}
