using System.Text;
using Chronos.Core.Calendars;
using Chronos.Core.Diagnosis;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Wire;
using Xunit;

namespace Chronos.Tests.Laws;

/// <summary>What was written once must load for ever.</summary>
public sealed class WireLaws
{
    private static readonly WireCatalog Catalog = new([.. JobsWire.Rows, .. CalendarsWire.Rows, .. AccessWire.Rows, .. DiagnosisWire.Rows, .. DispatchingWire.Rows]);

    private static string Folder => Path.Combine(Repository.Root, "Chronos.Tests", "Laws", "Fixtures");

    public static TheoryData<string> Manifests => [.. Catalog.Rows.Select(r => r.Manifest)];

    [Fact]
    public void Every_wire_type_has_exactly_one_row()
    {
        var types = new[] { typeof(IWireMessage).Assembly, typeof(Chronos.Actors.Jobs.JobActor).Assembly }
            .SelectMany(a => a.GetTypes()).Where(t => typeof(IWireMessage).IsAssignableFrom(t) && t is { IsAbstract: false, IsInterface: false }).ToList();
        Assert.NotEmpty(types);
        Assert.Empty(types.Except(Catalog.Rows.Select(r => r.Type)).Select(t => t.FullName));
        Assert.Equal(Catalog.Rows.Count, Catalog.Rows.Select(r => r.Type).Distinct().Count());
        Assert.All(Catalog.Rows, r => Assert.Matches(@"^[a-z-]+(\.[a-z-]+)+\.\d+$", r.Manifest));
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Every_manifest_has_a_kept_fixture_that_loads(string manifest)
    {
        var file = Path.Combine(Folder, manifest + ".json");
        var row = Catalog.Rows.Single(r => r.Manifest == manifest);
        if (Environment.GetEnvironmentVariable("CHRONOS_WRITE_FIXTURES") == "missing" && !File.Exists(file))
        {
            File.WriteAllText(file, Encoding.UTF8.GetString(Catalog.Write(WireSample.Of(row.Type))) + "\n");
        }

        Assert.True(File.Exists(file), $"{manifest} has no fixture; run this test once with CHRONOS_WRITE_FIXTURES=missing and commit the file, which is never edited again");
        var kept = File.ReadAllText(file).TrimEnd('\n');
        var loaded = Catalog.Read(Encoding.UTF8.GetBytes(kept), manifest);
        Assert.Equal(row.Type, loaded.GetType());
        Assert.Equal(kept, Encoding.UTF8.GetString(Catalog.Write(loaded)));
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void An_unknown_field_of_a_later_build_is_passed_over(string manifest)
    {
        var row = Catalog.Rows.Single(r => r.Manifest == manifest);
        var written = Encoding.UTF8.GetString(Catalog.Write(WireSample.Of(row.Type)));
        var later = written == "{}" ? """{"added_later":1}""" : written[..^1] + ""","added_later":{"x":1}}""";
        Assert.Equal(written, Encoding.UTF8.GetString(Catalog.Write(Catalog.Read(Encoding.UTF8.GetBytes(later), manifest))));
    }

    [Fact]
    public void No_fixture_is_left_of_a_manifest_that_nobody_reads()
    {
        var manifests = Catalog.Rows.Select(r => r.Manifest).ToHashSet();
        Assert.DoesNotContain(Directory.GetFiles(Folder, "*.json").Select(Path.GetFileNameWithoutExtension), f => !manifests.Contains(f!));
    }
}
