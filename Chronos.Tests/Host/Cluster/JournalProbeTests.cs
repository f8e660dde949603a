using Chronos.Actors.Journal;
using Chronos.Core.Projections;
using Chronos.Host.Cluster;
using Xunit;

namespace Chronos.Tests.Host.Cluster;

/// <summary>A journal that hangs or fails is said to be one, and the node that asks goes on.</summary>
public sealed class JournalProbeTests
{
    [Fact]
    public void A_journal_that_fails_has_not_answered()
    {
        var journal = new StandInJournal { Highest = () => throw new JournalUnreachableException("db:5432/chronos", "connection refused", new IOException()) };
        Assert.Null(new JournalProbe(journal, TimeProvider.System).Ask(TimeSpan.FromMinutes(1)));
        journal.Highest = () => 7;
        Assert.NotNull(new JournalProbe(journal, TimeProvider.System).Ask(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void A_question_that_hangs_is_asked_once_and_answered_to_the_next_who_asks()
    {
        using ManualResetEventSlim answer = new(), isAsked = new();
        var asked = 0;
        var journal = new StandInJournal
        {
            Highest = () =>
            {
                Interlocked.Increment(ref asked);
                isAsked.Set();
                answer.Wait(TestContext.Current.CancellationToken);
                return 7;
            },
        };
        var probe = new JournalProbe(journal, TimeProvider.System);
        Assert.Null(probe.Ask(TimeSpan.FromMilliseconds(1)));
        isAsked.Wait(TestContext.Current.CancellationToken);
        Assert.Null(probe.Ask(TimeSpan.FromMilliseconds(1)));
        Assert.Equal(1, asked);
        answer.Set();
        Assert.NotNull(probe.Ask(TimeSpan.FromMinutes(1)));
    }

    private sealed class StandInJournal : IJournalReader
    {
        public required Func<long> Highest { get; set; }

        long IJournalReader.Highest() => Highest();

        IReadOnlyList<JournalEntry> IJournalReader.Read(long after, int max) => [];
    }
}
