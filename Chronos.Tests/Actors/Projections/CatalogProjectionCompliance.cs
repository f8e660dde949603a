using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Xunit;
using static Chronos.Tests.Actors.Projections.ReadSide;

namespace Chronos.Tests.Actors.Projections;

/// <summary>What holds on every database of the read side; see <c>ReadSideTests</c>.</summary>
public abstract class CatalogProjectionCompliance : IDisposable
{
    private static readonly Principal Ann = new("ann");
    private ReadSide? _opened;

    private protected ReadSide Side => _opened ??= Open();

    public void Dispose()
    {
        _opened?.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract ReadSide Open();

    [Fact]
    public async Task A_pause_that_has_ended_by_itself_is_listed_no_more()
    {
        await Side.Tell(
            Created("over"), new JobEvents.Paused(TenantId.Default, Id("over"), 2, "night", DateTimeOffset.UtcNow.AddSeconds(-1), Ann, T0, null),
            Created("open"), new JobEvents.Paused(TenantId.Default, Id("open"), 2, "night", null, Ann, T0, null));
        var job = Side.Catalog.Find(TenantId.Default, Id("over"))!.Job;
        Assert.Equal((PlanState.Active, null, null, null), (job.State, job.PauseReason, job.PausedAt, job.PausedUntil));
        Assert.Equal([PlanState.Active, PlanState.Paused],
            Side.Catalog.List(new JobFilter(TenantId.Default) { Sort = "-name" }, [])!.Items.Select(row => row.Job.State));
        Assert.Equal(new JobCounts(1, 1, 0), Side.Catalog.Count(TenantId.Default));
    }

    [Fact]
    public async Task A_job_is_listed_as_its_last_event_left_it()
    {
        await Side.Tell(
            Created("a", d => d with { Description = "first" }),
            new JobEvents.Revised(TenantId.Default, Id("a"), 2, 2, Definition("a") with { Description = "second" }, "replace", Ann, T0.AddMinutes(1), null),
            new JobEvents.Paused(TenantId.Default, Id("a"), 3, "night", T0.AddYears(100), Ann, T0.AddMinutes(2), null));
        var job = Side.Catalog.Find(TenantId.Default, Id("a"))!.Job;
        Assert.Equal((3L, 2, PlanState.Paused, "night", "second"), (job.Version, job.Revision, job.State, job.PauseReason, job.Definition.Description));
        Assert.Equal((T0, "tester", T0.AddMinutes(2), "ann"), (job.CreatedAt, job.CreatedBy.Name, job.UpdatedAt, job.UpdatedBy.Name));

        await Side.Tell(
            new JobEvents.Resumed(TenantId.Default, Id("a"), 4, MisfireRule.None, Ann, T0.AddMinutes(3), null),
            new JobEvents.Switched(TenantId.Default, Id("a"), 5, false, Ann, T0.AddMinutes(4), null));
        job = Side.Catalog.Find(TenantId.Default, Id("a"))!.Job;
        Assert.Equal((PlanState.Disabled, false, 2, (string?)null), (job.State, job.Definition.Enabled, job.Revision, job.PauseReason));
        Assert.Equal(["create", "replace"], Side.Catalog.Revisions(TenantId.Default, Id("a")).Select(r => r.Reason));
        Assert.Equal(new JobCounts(0, 0, 1), Side.Catalog.Count(TenantId.Default));
    }

    [Fact]
    public async Task A_deleted_job_leaves_lists_and_search_but_not_its_revisions()
    {
        await Side.Tell(Created("nightly-report"), Created("other"));
        Assert.Single(Names(new JobFilter(TenantId.Default) { Text = "nightly" }));
        await Side.Tell(new JobEvents.Deleted(TenantId.Default, Id("nightly-report"), 2, Ann, T0, null));
        Assert.Empty(Names(new JobFilter(TenantId.Default) { Text = "nightly" }));
        Assert.Equal(["other"], Side.Catalog.AllDefinitions(TenantId.Default).Select(j => j.Job.Definition.Name));
        Assert.Single(Side.Catalog.Revisions(TenantId.Default, Id("nightly-report")));

        await Side.Tell(Created("nightly-report") with { Version = 3, Revision = 2 });
        Assert.Equal(2, Side.Catalog.Find(TenantId.Default, Id("nightly-report"))!.Job.Revision);
        Assert.Equal(new JobCounts(2, 0, 0), Side.Catalog.Count(TenantId.Default));
    }

    [Theory]
    [InlineData("nightly", "nightly-report")]
    [InlineData("nightly-rep", "nightly-report")]
    [InlineData("umsatz", "nightly-report")]
    [InlineData("ÜBERSICHT", "nightly-report")]
    [InlineData("ann example", "nightly-report")]
    [InlineData("data", "nightly-report")]
    [InlineData("nightly OR other", "")]
    [InlineData("name:nightly", "")]
    [InlineData("nightly\" OR \"other", "")]
    [InlineData("no-such", "")]
    public async Task Text_is_found_in_name_description_owner_and_tags_and_is_never_a_query_language(string text, string expected)
    {
        await Side.Tell(
            Created("nightly-report", d => d with { Description = "Umsatz, Übersicht", Owner = "ann@example.com", Tags = d.Tags.Add("team", "data") }), Created("other"));
        Assert.Equal(expected, string.Join(',', Names(new JobFilter(TenantId.Default) { Text = text })));
    }

    [Fact]
    public async Task Filters_and_orders_combine_and_pages_meet_every_job_once()
    {
        await Side.Tell([.. Enumerable.Range(0, 60).Select(i => (object)(Created($"job-{i:00}", d => d with
        {
            Enabled = i % 2 == 0,
            Tags = d.Tags.Add("n", $"{i % 3}"),
        }) with { At = T0.AddSeconds(i % 5) }))]);
        foreach (var sort in new[] { "name", "-name", "created_at", "-created_at", "updated_at", "-updated_at" })
        {
            var filter = new JobFilter(TenantId.Default) { Enabled = true, Tag = "n:0", Sort = sort, Limit = 3 };
            var seen = new List<JobSnapshot>();
            string? cursor = null;
            do
            {
                var page = Side.Catalog.List(filter with { Cursor = cursor }, [])!;
                seen.AddRange(page.Items.Select(j => j.Job));
                cursor = page.NextCursor;
            }
            while (cursor is not null);
            Assert.Equal(10, seen.Select(j => j.Id).Distinct().Count());
            Assert.Equal(10, seen.Count);
            var keys = seen.Select(j => sort.EndsWith("name", StringComparison.Ordinal) ? j.Definition.Name : j.CreatedAt.ToString("O")).ToList();
            Assert.Equal(sort[0] == '-' ? keys.OrderDescending(StringComparer.Ordinal) : keys.Order(StringComparer.Ordinal), keys);
        }
    }

    [Fact]
    public void Everything_that_is_wrong_in_a_filter_is_named()
    {
        var violations = new List<Violation>();
        Assert.Null(Side.Catalog.List(new JobFilter(TenantId.Default) { Limit = 501, Cursor = "?", Tag = "", Text = " \" ", Sort = "--name" }, violations));
        Assert.Equal(["cursor", "limit", "q", "sort", "tag"], violations.Select(v => v.Field).Order());
    }

    [Fact]
    public async Task A_plan_is_unacknowledged_until_its_timetable_has_its_version()
    {
        await Side.Tell(Created("a"), new JobEvents.Switched(TenantId.Default, Id("a"), 2, false, Ann, T0.AddMinutes(1), null), Batch(Plan(1)));
        Assert.Equal(2, Assert.Single(Side.Catalog.UnacknowledgedPlans(T0.AddHours(1), 10)).Version);
        Assert.False(Side.Catalog.Find(TenantId.Default, Id("a"))!.PlanAcknowledged);
        Assert.Empty(Side.Catalog.UnacknowledgedPlans(T0.AddMinutes(1), 10));

        await Side.Tell(Batch(Plan(2)));
        Assert.Empty(Side.Catalog.UnacknowledgedPlans(T0.AddHours(1), 10));
        Assert.True(Side.Catalog.Find(TenantId.Default, Id("a"))!.PlanAcknowledged);

        await Side.Tell(new JobEvents.Deleted(TenantId.Default, Id("a"), 3, Ann, T0, null));
        Assert.Single(Side.Catalog.UnacknowledgedPlans(T0.AddHours(1), 10));
        await Side.Tell(Batch(new PlanRemoved(Id("a"), 3)));
        Assert.Empty(Side.Catalog.UnacknowledgedPlans(T0.AddHours(1), 10));
    }

    private static PlanSet Plan(long version) => new(Id("a"), TenantId.Default, version, 1, PlanState.Active, null, T0, Definition("a"));

    private IEnumerable<string> Names(JobFilter filter) => Side.Catalog.List(filter, [])!.Items.Select(j => j.Job.Definition.Name);
}
