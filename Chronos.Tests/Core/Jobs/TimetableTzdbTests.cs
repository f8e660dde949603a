using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using NodaTime;
using NodaTime.TimeZones;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>A government moves its clocks, and the next release of the tz database says so.</summary>
public sealed class TimetableTzdbTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 6, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_new_tz_database_plans_the_next_slots_anew_and_the_journal_says_which_it_was(bool fromSnapshot)
    {
        var definition = TimetableBench.Definition("0 12 * * *") with { Timezone = "Europe/Berlin" };
        var old = new Timetable("n1", Release("2026x", 1));
        Assert.Null(old.NoteTzdb());
        old.SetPlan(new TimetablePlanning.SetPlan(TenantId.Default, TimetableBench.Job, 1, 1, PlanState.Active, null, Start, definition, null), Start);
        var commit = old.Outbox.Take();
        Assert.Equal(("2026x", Start.AddHours(5) - ClaimAhead.Lead), (commit.Tzdb, old.State.NextDueAt));
        Assert.Null(old.NoteTzdb());

        var next = new Timetable("n2", Release("2026y", 3));
        if (fromSnapshot)
        {
            next.State.Restore(old.State.Snapshot(1, 1));
        }
        else
        {
            next.State.NotedTzdb = commit.Tzdb;
            foreach (var item in commit.Items)
            {
                next.State.Apply(item);
            }
        }

        Assert.Equal("2026x", next.NoteTzdb());
        Assert.Equal(Start.AddHours(3) - ClaimAhead.Lead, next.State.NextDueAt);
        next.Tick(Start.AddHours(3));
        var batch = next.Outbox.Take();
        Assert.Equal("2026y", batch.Tzdb);
        Assert.Equal(Start.AddHours(3), Assert.IsType<ExecutionStarted>(Assert.Single(batch.Items)).Nominal);
        Assert.Null(next.Outbox.Take().Tzdb);
    }

    private static ZoneSource Release(string version, int hours) => new(new DateTimeZoneCache(new OneZone(version, hours)), version);

    private sealed class OneZone(string version, int hours) : IDateTimeZoneSource
    {
        public string VersionId => version;

        public IEnumerable<string> GetIds() => ["Europe/Berlin"];

        public string GetSystemDefaultId() => "Europe/Berlin";

        public DateTimeZone ForId(string id) => DateTimeZone.ForOffset(Offset.FromHours(hours));
    }
}
