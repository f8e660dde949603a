using Akka.Actor;
using Chronos.Actors.Journal;
using Xunit;

namespace Chronos.Tests.Actors.Journal;

/// <summary>What every journal of Chronos does, whichever class writes it.</summary>
public abstract class JournalComplianceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    protected abstract string Hocon { get; }

    [Fact]
    public async Task What_was_acknowledged_is_replayed_after_a_restart()
    {
        await using (var harness = await Start())
        {
            var writer = harness.Writer("notes|1");
            Assert.Equal(1, (await writer.Ask<NotesActor.Done>(new NotesActor.Note("a"))).SequenceNr);
            Assert.Equal(3, (await writer.Ask<NotesActor.Done>(new NotesActor.Note("b", "c"))).SequenceNr);
        }

        await using (var harness = await Start())
        {
            var state = await harness.Writer("notes|1").Ask<NotesActor.State>(new NotesActor.Ask());
            Assert.Equal(["a", "b", "c"], state.Texts);
            Assert.Equal(3, state.SequenceNr);
        }
    }

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected Task<JournalHarness> Start() => JournalHarness.Start(_folder.Location, Durability.Full, Hocon);
}

public sealed class StockJournalTests : JournalComplianceTests
{
    protected override string Hocon => JournalHarness.StockClass;
}

public sealed class GroupCommitJournalTests : JournalComplianceTests
{
    protected override string Hocon => string.Empty;
}
