using System.Security.Cryptography;
using System.Text;
using Chronos.Core.Jobs;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Wire;
using Xunit;

namespace Chronos.Tests.Laws;

/// <summary>A build of another shape says so in what it stores.</summary>
public sealed class WireLevelLaws
{
    [Fact]
    public void The_wire_level_rises_when_the_shape_of_what_a_timetable_stores_changes()
    {
        var catalog = new WireCatalog(JobsWire.Rows);
        var shapes = string.Join('\n', new[] { typeof(TimetableBatch), typeof(TimetableSnapshot) }.Select(t => Encoding.UTF8.GetString(catalog.Write(WireSample.Of(t)))));
        var line = $"{WireLevel.Current} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(shapes)))[..16]}";
        var file = Path.Combine(Repository.Root, "Chronos.Tests", "Laws", "wire-level.txt");
        Assert.True(
            File.Exists(file) && File.ReadAllLines(file).LastOrDefault() == line,
            $"what a timetable stores has another shape: raise WireLevel.Current, unless that level was never released, and let the last line of {Path.GetFileName(file)} be '{line}'");
    }
}
