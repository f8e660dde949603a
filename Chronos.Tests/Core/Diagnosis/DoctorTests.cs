using System.Collections.Immutable;
using Chronos.Core.Diagnosis;
using Xunit;

namespace Chronos.Tests.Core.Diagnosis;

public sealed class DoctorTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly NodeVitals Well = new(
        "n1", "1.0.0", Now, "2026a", 1.5, 50L << 30, [new ProjectionVitals("ledger", 0.1, null)],
        ImmutableSortedDictionary<string, string>.Empty.Add("cluster_profile", "lan").Add("durability", "full").Add("allow_private_targets", "false"));

    private static readonly Leadership Leader = new("n1", 3, Now.AddMinutes(-1), [], []);

    [Fact]
    public void A_cluster_that_is_well_has_no_finding_worse_than_ok()
    {
        var found = Doctor.Diagnose([Asked(Well), Asked(Well with { Node = "n2" })], Leader, Now);
        Assert.All(found, finding => Assert.Equal((FindingLevel.Ok, null), (finding.Level, finding.Advice)));
        Assert.Equal(["clock_skew", "disk", "journal", "leader", "projection_lag", "settings", "stuck_slots"], found.Select(f => f.Check).Distinct().Order());
    }

    /// <summary>To rebuild a model because the database was away for a minute would cost an hour.</summary>
    [Fact]
    public void A_model_that_waits_for_the_journal_is_not_told_to_be_rebuilt()
    {
        var away = Well with { JournalMs = null, Projections = [new ProjectionVitals("ledger", 9, "connection refused")] };
        var finding = Assert.Single(Doctor.Diagnose([Asked(away)], Leader, Now), f => f.Check == "projection_lag");
        Assert.Equal((FindingLevel.Fault, "ledger waits: connection refused", "it goes on by itself when the journal answers"), (finding.Level, finding.Message, finding.Advice));
    }

    [Theory]
    [InlineData(0, 0, FindingLevel.Ok)]
    [InlineData(90, 0, FindingLevel.Ok)]
    [InlineData(300, 0, FindingLevel.Warning)]
    [InlineData(-300, 0, FindingLevel.Warning)]
    [InlineData(1500, 0, FindingLevel.Fault)]
    [InlineData(300, 500, FindingLevel.Ok)]
    [InlineData(1500, 500, FindingLevel.Fault)]
    public void A_clock_is_wrong_only_beyond_what_the_round_trip_leaves_open(int offset, int roundTrip, FindingLevel level)
    {
        var node = new Examined("akka://n", true, Well with { At = Now.AddMilliseconds(offset + (roundTrip / 2.0)) }, Now, TimeSpan.FromMilliseconds(roundTrip));
        Assert.Equal(level, Single("clock_skew", Doctor.Diagnose([node], Leader, Now)).Level);
    }

    [Fact]
    public void What_follows_from_the_journal_comes_after_it_and_gets_no_advice_of_its_own()
    {
        var refused = Well with { JournalError = "sorry, too many clients already", Projections = [new ProjectionVitals("ledger", 0, "sorry, too many clients already")] };
        var found = Doctor.Diagnose([Asked(refused)], Leader with { Overdue = [(7, "n1", Now.AddSeconds(-60)), (8, "n1", Now.AddSeconds(-11))], Silent = [9] }, Now);

        Assert.Equal("journal", found[0].Check);
        Assert.Contains("too many clients", found[0].Message, StringComparison.Ordinal);
        var stuck = found.Where(f => f.Check == "stuck_slots").ToList();
        Assert.Equal(["1 of 64 timetables do not answer, nothing of theirs fires: 9", "2 timetables have a slot that is due since 60 s and is not claimed"], stuck.Select(f => f.Message).Order());
        Assert.All(stuck, f => Assert.Equal("the journal is the cause: they go on by themselves when it does", f.Advice));
        Assert.Equal("it goes on by itself when the journal answers", Assert.Single(found, f => f.Check == "projection_lag").Advice);
    }

    [Fact]
    public void Whatever_is_wrong_is_named_with_its_node_and_what_to_do()
    {
        Wrong("leader", FindingLevel.Fault, Doctor.Diagnose([Asked(Well)], null, Now));
        Wrong("stuck_slots", FindingLevel.Fault, Doctor.Diagnose([Asked(Well)], Leader with { Overdue = [(7, "n1", Now.AddSeconds(-11))] }, Now));
        Wrong("stuck_slots", FindingLevel.Fault, Doctor.Diagnose([Asked(Well)], Leader with { Silent = [49] }, Now));
        Assert.All(Doctor.Diagnose([Asked(Well)], Leader with { Silent = [49], Since = Now.AddSeconds(-9) }, Now), finding => Assert.Equal(FindingLevel.Ok, finding.Level));
        Wrong("journal", FindingLevel.Fault, Doctor.Diagnose([Asked(Well with { JournalMs = null })], Leader, Now));
        Wrong("journal", FindingLevel.Fault, Doctor.Diagnose([Asked(Well with { JournalError = "cannot execute INSERT in a read-only transaction" })], Leader, Now));
        Wrong("journal", FindingLevel.Warning, Doctor.Diagnose([Asked(Well with { JournalMs = 80 })], Leader, Now));
        Wrong("projection_lag", FindingLevel.Warning, Doctor.Diagnose([Asked(Well with { Projections = [new ProjectionVitals("ledger", 6, null)] })], Leader, Now));
        Wrong("projection_lag", FindingLevel.Fault, Doctor.Diagnose([Asked(Well with { Projections = [new ProjectionVitals("ledger", 0, "the file is full")] })], Leader, Now));
        Wrong("disk", FindingLevel.Warning, Doctor.Diagnose([Asked(Well with { FreeBytes = 1000 })], Leader, Now));
        Wrong("member", FindingLevel.Fault, Doctor.Diagnose([Asked(Well), new Examined("akka://gone", false, null, Now, TimeSpan.Zero)], Leader, Now));
        Assert.All(Doctor.Diagnose([Asked(Well)], Leader with { Overdue = [(7, "n1", Now.AddSeconds(-9))] }, Now), finding => Assert.Equal(FindingLevel.Ok, finding.Level));
    }

    [Fact]
    public void Settings_that_fight_each_other_are_named_with_who_says_what()
    {
        var wide = Well with { Node = "n2", Settings = Well.Settings.SetItem("cluster_profile", "wide"), Tzdb = "2025b", Version = "1.1.0" };
        var found = Doctor.Diagnose([Asked(Well), Asked(wide)], Leader, Now);
        Assert.Equal("cluster_profile differs: lan (n1), wide (n2)", Single("settings", found).Message);
        Assert.Equal(FindingLevel.Fault, found[0].Level);
        Assert.Contains("2025b (n2), 2026a (n1)", Single("tzdb", found).Message, StringComparison.Ordinal);
        Assert.Equal(FindingLevel.Warning, Single("version", found).Level);
    }

    [Theory]
    [InlineData(400, FindingLevel.Ok)]
    [InlineData(200, FindingLevel.Warning)]
    [InlineData(10, FindingLevel.Fault)]
    [InlineData(-1, FindingLevel.Fault)]
    public void A_certificate_that_ends_soon_is_said_with_its_node(int hours, FindingLevel level)
    {
        var found = Single("certificate", Doctor.Diagnose([Asked(Well with { Certificates = [new CertificateVitals("cluster", Now.AddHours(hours))] })], Leader, Now));
        Assert.Equal((level, "n1"), (found.Level, found.Node));
        Assert.Equal(level == FindingLevel.Ok, found.Advice is null);
    }

    [Fact]
    public void A_seed_that_is_no_member_is_said_for_it_may_use_TLS_on_one_side_only()
    {
        var node = new Examined("akka.ssl.tcp://chronos@one:4053", true, Well with { Seeds = ["one:4053", "two:4053"] }, Now, TimeSpan.Zero);
        var found = Single("seeds", Doctor.Diagnose([node], Leader, Now));
        Assert.Equal((FindingLevel.Warning, "two:4053"), (found.Level, found.Node));
        Assert.Contains("CHRONOS_CLUSTER_TLS_CERTIFICATE", found.Advice!, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_of_forming_and_trust_must_be_the_same_everywhere()
    {
        var here = Well with { Settings = Well.Settings.Add("https", "true").Add("cluster_arbiter", "lease") };
        var there = Well with { Node = "n2", Settings = Well.Settings.Add("https", "false").Add("cluster_arbiter", "majority") };
        var found = Doctor.Diagnose([Asked(here), Asked(there)], Leader, Now).Where(f => f.Check == "settings").ToList();
        Assert.Equal([("cluster_arbiter differs: lease (n1), majority (n2)", FindingLevel.Fault), ("https differs: false (n2), true (n1)", FindingLevel.Warning)], found.Select(f => (f.Message, f.Level)));
    }

    private static Examined Asked(NodeVitals vitals) => new($"akka://{vitals.Node}", true, vitals, Now, TimeSpan.Zero);

    private static Finding Single(string check, IEnumerable<Finding> found) => Assert.Single(found, f => f.Check == check);

    private static void Wrong(string check, FindingLevel level, ImmutableArray<Finding> found)
    {
        Assert.Equal((check, level), (found[0].Check, found[0].Level));
        Assert.NotEmpty(found[0].Advice!);
    }
}
