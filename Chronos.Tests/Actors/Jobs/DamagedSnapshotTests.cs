using Chronos.Actors.Journal;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Tests.Actors.Journal;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Actors.Jobs;

/// <summary>A timetable whose newest snapshot cannot be read loses nothing.</summary>
public sealed class DamagedSnapshotTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly JobId Job = JobId.For(TenantId.Default, "kept");
    private static readonly string Stream = $"timetable|{TimetableNumbers.Of(Job)}";
    private readonly TemporaryFolder _folder = new();
    private readonly JournalDatabase _database;

    public DamagedSnapshotTests() => _database = new JournalOptions(_folder.Location, Durability.Relaxed, new JournalPulse()).Database;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_recovers_from_the_one_before_and_fires()
    {
        await Run(3);
        Assert.Equal(2, Snapshots().Count);
        var newest = Snapshots()[^1];
        await Retain();

        Sql.Run(_database, $"UPDATE snapshot SET snapshot = x'00' WHERE persistence_id = '{Stream}' AND sequence_number = {newest}");
        Assert.NotEqual(["1"], Sql.Rows(_database, $"SELECT min(sequence_number) FROM journal WHERE persistence_id = '{Stream}'"));
        await Fires();
    }

    [Fact]
    public async Task It_recovers_from_its_batches_where_no_snapshot_can_be_read()
    {
        await Run(2);
        Sql.Run(_database, "UPDATE snapshot SET snapshot = x'00'");
        await Fires();
    }

    private List<string> Snapshots() => Sql.Rows(_database, $"SELECT sequence_number FROM snapshot WHERE persistence_id = '{Stream}' ORDER BY sequence_number");

    /// <summary>Changes a plan until its timetable has taken so many snapshots.</summary>
    private async Task Run(int snapshots)
    {
        await using var node = await JobsHarness.Start(_folder.Location);
        await node.Create(JobsHarness.Definition("kept", "0 0 1 1 *"));
        var (seen, last) = (0, "");
        for (var n = 0; seen < snapshots; n++)
        {
            Assert.True(n < 5_000, "no snapshot is taken");
            await Trigger(node);
            if (n % 50 == 0 && Snapshots() is [.., var newest] && newest != last)
            {
                (seen, last) = (seen + 1, newest);
            }
        }

        await Eventually.True(() => Snapshots().Count <= 2, Patience);
    }

    private static Task<object> Trigger(JobsHarness node) =>
        node.Ask(node.Jobs, new JobCommands.Trigger(TenantId.Default, Job, null, TriggerForce.Override, ExecutionTrigger.Manual, null, JobsHarness.Ann, null));

    private Task Retain() => new JournalRetention(new JournalOptions(_folder.Location, Durability.Relaxed, new JournalPulse()))
        .RunOnce(new RetentionPolicy(long.MaxValue, MaxAge: null, MaxBatches: 0), CancellationToken.None);

    private async Task Fires()
    {
        await using var node = await JobsHarness.Start(_folder.Location);
        await Trigger(node);
        await node.WaitUntil(() => node.Offered.Any(o => o.Attempt.Job == Job));
    }
}
