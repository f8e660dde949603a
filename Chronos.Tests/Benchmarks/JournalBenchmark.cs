using System.Diagnostics;
using Akka.Actor;
using Chronos.Actors.Journal;
using Chronos.Benchmarks.Kit;
using Chronos.Tests.Actors.Journal;
using Microsoft.Data.Sqlite;
using Npgsql;
using NpgsqlTypes;

namespace Chronos.Benchmarks;

/// <summary>The journal against the class that it replaces, and against what the database itself can do.</summary>
internal sealed class JournalBenchmark : IBenchmark
{
    private static readonly string Text = new('x', 40);

    public string Name => "journal";

    public string Question => "How many events a second does the journal store, against the stock class and against bare inserts of the same rows?";

    public string Settings => "500 actors that each persist the next event when the last is durable; bare inserts: transactions of 1,000 rows, one connection";

    public string Headline => "events/s";

    public IReadOnlyList<Variant> Variants(Bench bench)
    {
        var (each, bare) = (bench.Pick(40, 4), bench.Pick(200_000, 5_000));
        return
        [
            new("ours sqlite full", () => Journal(postgres: false, "", Durability.Full, each)),
            new("stock sqlite full", () => Journal(postgres: false, JournalHarness.StockClasses, Durability.Full, Math.Max(1, each / 8))),
            new("ours sqlite relaxed", () => Journal(postgres: false, "", Durability.Relaxed, each)),
            new("stock sqlite relaxed", () => Journal(postgres: false, JournalHarness.StockClasses, Durability.Relaxed, Math.Max(1, each / 4))),
            new("bare inserts sqlite", () => Bare(postgres: false, bare)),
            new("ours postgres full", () => Journal(postgres: true, "", Durability.Full, each)),
            new("stock postgres full", () => Journal(postgres: true, JournalHarness.StockClasses, Durability.Full, Math.Max(1, each / 4))),
            new("bare copy postgres", () => Bare(postgres: true, bare)),
        ];
    }

    private static async Task<Figures> Journal(bool postgres, string hocon, Durability durability, int each)
    {
        const int Actors = 500;
        using var store = new BenchStore(postgres);
        await using var harness = await JournalHarness.Start(new JournalOptions(store.Folder, durability, new JournalPulse()) { Postgres = store.Postgres }, hocon);
        var writers = Enumerable.Range(0, Actors).Select(n => harness.Writer($"notes|{n}")).ToList();
        await Task.WhenAll(writers.Select(w => w.Ask<NotesActor.State>(new NotesActor.Ask(), TimeSpan.FromSeconds(60))));
        await Task.WhenAll(writers.Select(w => w.Ask<NotesActor.Done>(new NotesActor.Note(Text), TimeSpan.FromSeconds(60))));
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(writers.Select(async w =>
        {
            for (var n = 0; n < each; n++)
            {
                await w.Ask<NotesActor.Done>(new NotesActor.Note(Text), TimeSpan.FromSeconds(60));
            }
        }));
        return new Figures { ["events/s"] = Actors * each / Stopwatch.GetElapsedTime(started).TotalSeconds };
    }

    /// <summary>Rows of the same shape and keys into the same table, as fast as the database takes them from one connection.</summary>
    private static async Task<Figures> Bare(bool postgres, int rows)
    {
        using var store = new BenchStore(postgres);
        var options = new JournalOptions(store.Folder, Durability.Relaxed, new JournalPulse()) { Postgres = store.Postgres };
        await using var harness = await JournalHarness.Start(options, "");

        // The first actor makes the tables.
        await harness.Writer("first").Ask<NotesActor.State>(new NotesActor.Ask(), TimeSpan.FromSeconds(60));
        var started = Stopwatch.GetTimestamp();
        if (store.Postgres is { } address)
        {
            await Copy(address.ConnectionString, rows);
        }
        else
        {
            Insert(options.File, rows);
        }

        return new Figures { ["events/s"] = rows / Stopwatch.GetElapsedTime(started).TotalSeconds };
    }

    private static void Insert(string file, int rows)
    {
        using var connection = new SqliteConnection($"Data Source={file}");
        connection.Open();
        using var pragma = connection.CreateCommand();
        pragma.CommandText = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL";
        pragma.ExecuteNonQuery();
        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid) VALUES (@c, 0, @p, @s, @m, 'test.noted.1', 1, @w)";
        var persistenceId = insert.Parameters.Add("@p", SqliteType.Text);
        var sequenceNr = insert.Parameters.Add("@s", SqliteType.Integer);
        insert.Parameters.AddWithValue("@c", DateTimeOffset.UtcNow.UtcTicks);
        insert.Parameters.AddWithValue("@m", System.Text.Encoding.UTF8.GetBytes(Text));
        insert.Parameters.AddWithValue("@w", Guid.NewGuid().ToString());
        for (var row = 0; row < rows;)
        {
            using var transaction = connection.BeginTransaction();
            insert.Transaction = transaction;
            for (var n = 0; n < 1_000; n++, row++)
            {
                persistenceId.Value = $"notes|{row % 500}";
                sequenceNr.Value = (row / 500) + 1;
                insert.ExecuteNonQuery();
            }

            transaction.Commit();
        }
    }

    private static async Task Copy(string connectionString, int rows)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        var message = System.Text.Encoding.UTF8.GetBytes(Text);
        var writer = Guid.NewGuid().ToString();
        for (var row = 0; row < rows;)
        {
            await using var import = await connection.BeginBinaryImportAsync(
                "COPY journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid) FROM STDIN (FORMAT BINARY)");
            for (var n = 0; n < 1_000; n++, row++)
            {
                await import.StartRowAsync();
                await import.WriteAsync(DateTimeOffset.UtcNow.UtcTicks, NpgsqlDbType.Bigint);
                await import.WriteAsync(false, NpgsqlDbType.Boolean);
                await import.WriteAsync($"notes|{row % 500}", NpgsqlDbType.Varchar);
                await import.WriteAsync((long)(row / 500) + 1, NpgsqlDbType.Bigint);
                await import.WriteAsync(message, NpgsqlDbType.Bytea);
                await import.WriteAsync("test.noted.1", NpgsqlDbType.Varchar);
                await import.WriteAsync(1, NpgsqlDbType.Integer);
                await import.WriteAsync(writer, NpgsqlDbType.Varchar);
            }

            await import.CompleteAsync();
        }
    }
}
