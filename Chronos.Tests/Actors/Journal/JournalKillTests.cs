using Akka.Actor;
using Chronos.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

public sealed class JournalKillTests
{
    [Theory]
    [InlineData(Store.Sqlite)]
    [InlineData(Store.Postgres)]
    [Trait("speed", "slow")]
    public async Task Everything_acknowledged_survives_ten_kills(Store store)
    {
        using var journal = new TestJournal(store);
        var acknowledged = JournalChild.AcknowledgedIn(journal.Folder);
        for (var round = 0; round < 10; round++)
        {
            var before = Lines(acknowledged).Count;
            using var child = JournalChild.StartPersisting(journal, round % 2 == 0 ? Durability.Full : Durability.Relaxed);
            try
            {
                await Until.True(() => child.HasExited || Lines(acknowledged).Count > before + 300, "300 acknowledged writes");
                Assert.False(child.HasExited, "the child ended by itself");
            }
            finally
            {
                child.Kill();
                await child.WaitForExitAsync(TestContext.Current.CancellationToken);
            }
        }

        await using var harness = await journal.Start(Durability.Full, string.Empty);
        var stored = new Dictionary<string, NotesActor.State>();
        foreach (var line in Lines(acknowledged))
        {
            var parts = line.Split(' ');
            if (!stored.TryGetValue(parts[0], out var state))
            {
                state = stored[parts[0]] = await harness.Writer(parts[0]).Ask<NotesActor.State>(new NotesActor.Ask());
            }

            Assert.Equal(parts[2], state.Texts[int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) - 1]);
        }

        Assert.All(stored.Values, s => Assert.Equal(s.SequenceNr, s.Texts.Count));
    }

    /// <summary>Whole lines only: the last may be cut.</summary>
    private static List<string> Lines(string file)
    {
        if (!File.Exists(file))
        {
            return [];
        }

        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = reader.ReadToEnd();
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
