using System.Reflection;
using System.Xml.Linq;
using Xunit;

namespace Chronos.Tests.Laws;

/// <summary>The arrows between projects, and what keeps the rooms tidy.</summary>
public sealed class HouseLaws
{
    private static readonly Assembly Core = typeof(Chronos.Core.Kernel.JobId).Assembly;
    private static readonly Assembly Actors = typeof(Chronos.Actors.Jobs.JobActor).Assembly;
    private static readonly Assembly Cli = Assembly.Load("chronosctl");
    private static readonly Assembly Host = Assembly.Load("Chronos.Host");

    [Fact]
    public void Core_is_pure()
    {
        var references = Core.GetReferencedAssemblies().Select(a => a.Name!).ToList();
        Assert.DoesNotContain(references, r => r.StartsWith("Akka", StringComparison.Ordinal) || r.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
            || r.StartsWith("Microsoft.Data", StringComparison.Ordinal) || r is "LiteDB" or "System.Net.Http" or "System.Net.Sockets" or "System.IO.FileSystem");
        Assert.DoesNotContain(references, r => r.StartsWith("Chronos", StringComparison.Ordinal));
    }

    [Fact]
    public void The_arrows_point_one_way()
    {
        Assert.Equal(["Chronos.Core"], Ours(Actors));
        Assert.Equal(["Chronos.Actors", "Chronos.Core"], Ours(Host));
        Assert.Equal(["Chronos.Core"], Ours(Cli));
    }

    [Theory]
    [InlineData("Chronos.Core")]
    [InlineData("Chronos.Actors")]
    [InlineData("Chronos.Host")]
    [InlineData("Chronos.Cli")]
    public void Nothing_is_named_manager_helper_util_or_processor(string project) =>
        Assert.DoesNotContain(Repository.Sources(project), f => System.Text.RegularExpressions.Regex.IsMatch(
            Path.GetFileNameWithoutExtension(f), "(Manager|Helpers?|Utils?|Processor)$"));

    [Theory]
    [InlineData("Chronos.Core")]
    [InlineData("Chronos.Actors")]
    [InlineData("Chronos.Host")]
    [InlineData("Chronos.Cli")]
    public void No_file_is_longer_than_500_lines_and_hardly_any_than_300(string project)
    {
        var lengths = Repository.Sources(project).Select(f => (File: f, Lines: File.ReadLines(Path.Combine(Repository.Root, f)).Count())).ToList();
        Assert.DoesNotContain(lengths, l => l.Lines > 500);
        Assert.True(lengths.Count(l => l.Lines > 300) <= lengths.Count / 10 + 1, string.Join(", ", lengths.Where(l => l.Lines > 300)));
    }

    [Theory]
    [InlineData("Chronos.Core")]
    [InlineData("Chronos.Actors")]
    public void Every_public_type_says_what_it_is_for(string project)
    {
        var assembly = project == "Chronos.Core" ? Core : Actors;
        var documented = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member").Select(m => (string)m.Attribute("name")!).ToHashSet();
        var silent = assembly.GetExportedTypes()
            .Where(t => !t.IsNestedPublic && t.Namespace?.StartsWith("Chronos", StringComparison.Ordinal) == true)
            .Where(t => !documented.Contains("T:" + t.FullName)).Select(t => t.FullName);
        Assert.Empty(silent);
    }

    [Fact]
    public void No_public_method_has_an_optional_parameter()
    {
        var flags = Core.GetExportedTypes().SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(m => !m.IsSpecialName && m.GetParameters().Any(p => p.HasDefaultValue))
            .Where(m => m.DeclaringType!.GetCustomAttribute<System.Runtime.CompilerServices.CompilerGeneratedAttribute>() is null)
            .Select(m => $"{m.DeclaringType}.{m.Name}").Where(n => !n.EndsWith("PrintMembers", StringComparison.Ordinal));
        Assert.Empty(flags);
    }

    private static IEnumerable<string> Ours(Assembly assembly) =>
        assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(n => n.StartsWith("Chronos", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
}
