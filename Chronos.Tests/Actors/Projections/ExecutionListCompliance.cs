using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Xunit;
using static Chronos.Tests.Actors.Projections.ReadSide;

namespace Chronos.Tests.Actors.Projections;

/// <summary>What holds on every database of the read side; see <c>ReadSideTests</c>.</summary>
public abstract class ExecutionListCompliance : IDisposable
{
    private ReadSide? _opened;

    private protected ReadSide Side => _opened ??= Open();

    public void Dispose()
    {
        _opened?.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract ReadSide Open();

    [Fact]
    public async Task Of_100_000_executions_every_page_comes_through_an_index_and_without_a_sort()
    {
        await Fill(100_000);
        var id = Id("job-1");
        var filters = new Dictionary<string, ExecutionFilter>
        {
            ["executions_time"] = new(TenantId.Default),
            ["executions_job"] = new(TenantId.Default) { Job = id },
            ["executions_status"] = new(TenantId.Default) { Statuses = [ExecutionStatus.Failed] },
        };
        foreach (var (index, filter) in filters)
        {
            AssertIndexed(index, filter);
            Assert.Equal(50, Side.Ledger.List(filter, [])!.Items.Length);
        }

        AssertIndexed("executions_time", new ExecutionFilter(TenantId.Default) { From = T0, To = T0.AddHours(1) });
        Assert.Equal(100_000, Side.Ledger.Stats(TenantId.Default, T0).Executions.Values.Sum());
    }

    [Fact]
    public async Task Pages_meet_every_execution_once_although_new_ones_arrive_between_them()
    {
        await Fill(1_000);
        var expected = Side.Ledger.List(new ExecutionFilter(TenantId.Default) { Limit = 500 }, [])!.Items.Length;
        Assert.Equal(500, expected);
        var seen = new List<ExecutionId>();
        string? cursor = null;
        var round = 0;
        do
        {
            var page = Side.Ledger.List(new ExecutionFilter(TenantId.Default) { Limit = 70, Cursor = cursor }, [])!;
            seen.AddRange(page.Items.Select(e => e.Id));
            cursor = page.NextCursor;
            await Side.Tell(Batch(Started("job-1", T0.AddDays(30).AddMinutes(round++))));
        }
        while (cursor is not null);
        Assert.Equal(1_000, seen.Count);
        Assert.Equal(1_000, seen.Distinct().Count());
    }

    [Fact]
    public async Task Several_statuses_are_merged_by_time_over_pages()
    {
        await Fill(300);
        var filter = new ExecutionFilter(TenantId.Default) { Statuses = [ExecutionStatus.Succeeded, ExecutionStatus.Failed], Limit = 7 };
        var seen = new List<ExecutionView>();
        string? cursor = null;
        do
        {
            var page = Side.Ledger.List(filter with { Cursor = cursor }, [])!;
            seen.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(300, seen.Count);
        Assert.Equal(seen.Select(e => e.ClaimedAt).OrderDescending(), seen.Select(e => e.ClaimedAt));
    }

    [Fact]
    public async Task A_tag_selects_the_executions_of_the_jobs_that_carry_it()
    {
        await Side.Tell(
            Created("a", d => d with { Tags = d.Tags.Add("team", "data") }), Created("b"),
            Batch(Started("a", T0), Started("b", T0.AddSeconds(1))));
        foreach (var tag in new[] { "team", "team:data", "team=data" })
        {
            Assert.Equal(Id("a"), Assert.Single(Side.Ledger.List(new ExecutionFilter(TenantId.Default) { Tag = tag }, [])!.Items).JobId);
        }

        Assert.Empty(Side.Ledger.List(new ExecutionFilter(TenantId.Default) { Tag = "team:x" }, [])!.Items);
        Assert.Empty(Side.Ledger.List(new ExecutionFilter(new TenantId("other")), [])!.Items);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("'; DROP TABLE executions; --")]
    [InlineData("AAAA")]
    [InlineData("\0")]
    [InlineData("////")]
    public async Task A_hostile_cursor_is_a_violation(string cursor)
    {
        await Fill(10);
        var violations = new List<Violation>();
        Assert.Null(Side.Ledger.List(new ExecutionFilter(TenantId.Default) { Cursor = cursor }, violations));
        Assert.Equal("cursor", Assert.Single(violations).Field);
        violations.Clear();
        Assert.Null(Side.Catalog.List(new JobFilter(TenantId.Default) { Cursor = cursor }, violations));
        Assert.Equal("cursor", Assert.Single(violations).Field);
    }

    [Fact]
    public async Task The_cursor_of_one_filter_is_a_violation_in_another()
    {
        await Fill(10);
        var cursor = Side.Ledger.List(new ExecutionFilter(TenantId.Default) { Limit = 2 }, [])!.NextCursor;
        var violations = new List<Violation>();
        Assert.Null(Side.Ledger.List(new ExecutionFilter(TenantId.Default) { Limit = 2, Cursor = cursor, Job = Id("job-1") }, violations));
        Assert.Equal("cursor", Assert.Single(violations).Field);
    }

    [Fact]
    public async Task Everything_that_is_wrong_in_a_filter_is_named()
    {
        await Fill(1);
        var violations = new List<Violation>();
        Assert.Null(Side.Ledger.List(
            new ExecutionFilter(TenantId.Default) { Limit = 0, Cursor = "?", Tag = "=", Statuses = [(ExecutionStatus)99], From = T0, To = T0 }, violations));
        Assert.Equal(["cursor", "limit", "status", "tag", "to"], violations.Select(v => v.Field).Order());
        violations.Clear();
        Assert.Null(Side.Ledger.Slots(new SlotFilter(TenantId.Default, Id("a"), T0, T0) { Limit = 501 }, violations));
        Assert.Equal(["limit", "to"], violations.Select(v => v.Field).Order());
        Assert.Null(Side.Ledger.Find(TenantId.Default, new ExecutionId("nonsense")));
    }

    private async Task Fill(int executions)
    {
        const int jobs = 100;
        Side.Journal.Append([.. Enumerable.Range(0, jobs).Select(i => (object)Created($"job-{i}"))]);
        foreach (var chunk in Enumerable.Range(0, executions).Chunk(500))
        {
            Side.Journal.Append(Batch([.. chunk.SelectMany(i =>
            {
                var nominal = T0.AddSeconds(i);
                return new TimetableItem[]
                {
                    Started($"job-{i % jobs}", nominal), AttemptEnded($"job-{i % jobs}", nominal),
                    Ended($"job-{i % jobs}", nominal, i % 7 == 0 ? ExecutionStatus.Failed : ExecutionStatus.Succeeded),
                };
            })]));
        }

        await Side.CaughtUp();
    }

    /// <summary>The page comes through this index, and no row is read that is not on it.</summary>
    private protected abstract void AssertIndexed(string index, ExecutionFilter filter);
}
