using System.Diagnostics;
using Akka.Actor;
using Chronos.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

/// <summary>What runs in a process of its own, to be killed. The parent starts this test program again for one of these.</summary>
public sealed class JournalChild
{
    private const string Folder = "CHRONOS_TEST_JOURNAL_FOLDER";
    private const string Hocon = "CHRONOS_TEST_JOURNAL_HOCON";
    private const string Postgres = "CHRONOS_TEST_JOURNAL_POSTGRES";
    private const string Level = "CHRONOS_TEST_JOURNAL_DURABILITY";

    [Fact(Explicit = true)]
    public async Task Persist_until_killed()
    {
        await using var harness = await StartHarness();
        await using var acknowledged = new FileStream(AcknowledgedIn(Setting(Folder)), FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var line = new Lock();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async n =>
        {
            var writer = harness.Writer($"notes|{n}");
            for (var count = (await writer.Ask<NotesActor.State>(new NotesActor.Ask())).Texts.Count; ; count++)
            {
                var done = await writer.Ask<NotesActor.Done>(new NotesActor.Note($"{n}/{count}"));
                var text = System.Text.Encoding.ASCII.GetBytes($"notes|{n} {done.SequenceNr} {n}/{count}\n");
                lock (line)
                {
                    acknowledged.Write(text);
                }
            }
        }));
    }

    [Fact(Explicit = true)]
    public async Task Die_between_commit_and_acknowledgement()
    {
        await using var harness = await StartHarness();
        harness.Writer("notes|0").Tell(new NotesActor.Note("unacknowledged"));
        var database = harness.Database;
        while (true)
        {
            if (Sql.Rows(database, database is SqliteJournalDatabase ? "SELECT count(*) FROM sqlite_master WHERE name = 'journal'" : "SELECT 1")[0] == "1" && Sql.Rows(database, "SELECT 1 FROM journal").Count == 1)
            {
                Process.GetCurrentProcess().Kill();
            }
        }
    }

    internal static string AcknowledgedIn(string folder) => Path.Combine(folder, "acknowledged");

    internal static Process StartPersisting(TestJournal journal, Durability durability) => Start(nameof(Persist_until_killed), journal, durability, string.Empty);

    internal static Process StartAndDieUnacknowledged(TestJournal journal, string hocon) =>
        Start(nameof(Die_between_commit_and_acknowledgement), journal, Durability.Full, hocon);

    private static Process Start(string method, TestJournal journal, Durability durability, string hocon)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(JournalChild).Assembly.Location);
        }

        foreach (var argument in new[] { "--explicit", "on", "--filter-method", $"{typeof(JournalChild).FullName}.{method}", "--results-directory", journal.Folder })
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[Folder] = journal.Folder;
        start.Environment[Postgres] = journal.ConnectionString;
        start.Environment[Hocon] = hocon;
        start.Environment[Level] = durability.ToString();
        var child = Process.Start(start)!;
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        return child;
    }

    private static Task<JournalHarness> StartHarness() =>
        JournalHarness.Start(
            new JournalOptions(Setting(Folder), Enum.Parse<Durability>(Setting(Level)), new JournalPulse())
            {
                Postgres = PostgresAddress.TryParse(Environment.GetEnvironmentVariable(Postgres) ?? "", out var address, out _) ? address : null,
            },
            Environment.GetEnvironmentVariable(Hocon) ?? string.Empty);

    private static string Setting(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set: only a parent test starts this");
}
