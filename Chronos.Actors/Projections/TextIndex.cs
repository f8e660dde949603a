using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using System.Text;
using Npgsql;

namespace Chronos.Actors.Projections;

/// <summary>The full-text index of the catalog: which words a job has, found by their beginnings, whatever their case and accents.</summary>
internal abstract class TextIndex
{
    private static readonly TextIndex Sqlite = new SqliteTextIndex();
    private static readonly TextIndex Postgres = new PostgresTextIndex();

    public abstract string Create { get; }

    public abstract string Insert { get; }

    public abstract string Delete { get; }

    /// <summary>The rows whose text has what <c>$match</c> says.</summary>
    public abstract string Matching { get; }

    public static TextIndex For(DbConnection connection) => connection is NpgsqlConnection ? Postgres : Sqlite;

    /// <summary>What is stored for a text.</summary>
    public abstract object Entry(DbConnection connection, string text);

    /// <summary>The value of <c>$match</c> for words that are all wanted.</summary>
    public abstract string Match(DbConnection connection, ImmutableArray<string> words);

    /// <summary>FTS5, which splits and folds by itself.</summary>
    private sealed class SqliteTextIndex : TextIndex
    {
        public override string Create => CatalogSchema.SqliteText;

        public override string Insert => "INSERT INTO jobs_text (rowid, words) VALUES ($seq, $text)";

        public override string Delete => "DELETE FROM jobs_text WHERE rowid=$seq";

        public override string Matching => "SELECT rowid FROM jobs_text WHERE jobs_text MATCH $match";

        public override object Entry(DbConnection connection, string text) => text;

        /// <remarks>Quoting makes operators of the index's own language plain text.</remarks>
        public override string Match(DbConnection connection, ImmutableArray<string> words) =>
            string.Join(' ', words.Select(w => $"\"{w.Replace("\"", "\"\"", StringComparison.Ordinal)}\"*"));
    }

    /// <summary>
    /// A tsvector of words that were split and folded here, in the same way for what is stored and what is looked for: PostgreSQL's own parser
    /// takes addresses and hyphens apart by rules of its own, and its classes of letters depend on the locale of the database.
    /// </summary>
    private sealed class PostgresTextIndex : TextIndex
    {
        /// <summary>Limits of a tsvector: a word ends here (nobody looks for more), and so does a text.</summary>
        private const int LongestWord = 200;
        private const int MostWords = 4_000;

        public override string Create => CatalogSchema.PostgresText;

        public override string Insert => "INSERT INTO jobs_text (seq, words) VALUES ($seq, array_to_tsvector($text))";

        public override string Delete => "DELETE FROM jobs_text WHERE seq=$seq";

        public override string Matching => "SELECT seq FROM jobs_text WHERE words @@ $match::tsquery";

        public override object Entry(DbConnection connection, string text) => Words(connection, text).Distinct().Take(MostWords).ToArray();

        /// <remarks>Of a word that falls into several (<c>night-report</c>) the last is a beginning, the others are whole. They hold no quotes.</remarks>
        public override string Match(DbConnection connection, ImmutableArray<string> words) =>
            string.Join(" & ", words.SelectMany(w => Words(connection, w).ToArray() is { Length: > 0 } parts ? parts.Select((p, i) => i == parts.Length - 1 ? $"'{p}':*" : $"'{p}'") : ["''"]));

        private static IEnumerable<string> Words(DbConnection connection, string text)
        {
            var plain = Ascii.IsValid(text) ? text : Decomposed(connection, text);
            var word = new StringBuilder();
            foreach (var rune in plain.EnumerateRunes())
            {
                if (Rune.IsLetterOrDigit(rune))
                {
                    word.Append(word.Length < LongestWord ? Rune.ToLowerInvariant(rune).ToString() : "");
                }
                else if (Rune.GetUnicodeCategory(rune) is not UnicodeCategory.NonSpacingMark && word.Length > 0)
                {
                    yield return word.ToString();
                    word.Clear();
                }
            }

            if (word.Length > 0)
            {
                yield return word.ToString();
            }
        }

        /// <summary>Letters and accents apart. The database does it: this process carries no tables for it.</summary>
        private static string Decomposed(DbConnection connection, string text)
        {
            using var command = Sql.Command(connection, "SELECT normalize($text, NFD)");
            command.Bind("$text", text.Replace("\0", "", StringComparison.Ordinal));
            return (string)command.ExecuteScalar()!;
        }
    }
}
