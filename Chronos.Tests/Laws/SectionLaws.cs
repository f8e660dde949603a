using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Laws;

/// <summary>What is wrong in a section is named, whichever member it is; and a job has one section.</summary>
public sealed class SectionLaws
{
    private static readonly Dictionary<string, (Protocol Protocol, string Least)> Sections = new()
    {
        ["webhook"] = (Protocol.Http, """{"url":"https://a.example/"}"""),
        ["grpc"] = (Protocol.Grpc, """{"target":"https://a.example","method":"p.S/M"}"""),
        ["kafka"] = (Protocol.Kafka, """{"brokers":["a.example:9092"],"topic":"t"}"""),
        ["nats"] = (Protocol.Nats, """{"url":"nats://a.example:4222","subject":"s"}"""),
        ["rabbitmq"] = (Protocol.Rabbitmq, """{"url":"amqp://a.example:5672","queue":"q"}"""),
    };

    /// <summary>Bodies may be any JSON; all others are taken from what the section itself says that it knows.</summary>
    private static readonly HashSet<string> Anything = ["body", "message", "value"];

    public static TheoryData<string, string> Members
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var (name, (_, least)) in Sections)
            {
                var unknown = Assert.Single(Faults(name, With(least, "colour", JsonValue.Create(1))));
                Assert.Equal($"{name}.colour", unknown.Field);
                foreach (var member in unknown.Message[(unknown.Message.IndexOf("known are ", StringComparison.Ordinal) + 10)..].Split(", ").Where(m => !Anything.Contains(m)))
                {
                    all.Add(name, member);
                }
            }

            return all;
        }
    }

    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (var one in Sections.Keys)
            {
                foreach (var other in Sections.Keys.Where(other => other != one))
                {
                    pairs.Add(one, other);
                }
            }

            return pairs;
        }
    }

    /// <summary>A list in a list is nothing that any member takes.</summary>
    [Theory]
    [MemberData(nameof(Members))]
    public void A_member_that_is_something_else_is_refused_by_its_name(string section, string member)
    {
        var faults = Faults(section, With(Sections[section].Least, member, new JsonArray(new JsonArray(new JsonArray()))));
        Assert.Contains(faults, fault => fault.Field == $"{section}.{member}" || fault.Field.StartsWith($"{section}.{member}[", StringComparison.Ordinal));
        Assert.All(faults, fault => Assert.NotEmpty(fault.Message));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Two_sections_are_refused_by_the_name_of_the_second(string one, string other)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse($$"""{"name":"two","{{one}}":{{Sections[one].Least}},"{{other}}":{{Sections[other].Least}} }""");
        _ = JobDocument.Read(document.RootElement, violations);
        Assert.Contains(Assert.Single(violations).Field, new[] { one, other });
    }

    [Fact]
    public void None_is_refused()
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse("""{"name":"none","schedule":"* * * * *"}""");
        _ = JobDocument.Read(document.RootElement, violations);
        Assert.Equal("webhook", Assert.Single(violations).Field);
    }

    private static List<Violation> Faults(string name, string section)
    {
        var violations = new List<Violation>();
        using var document = JsonDocument.Parse(section);
        _ = ProtocolSections.Read(Sections[name].Protocol, document.RootElement, name, violations);
        return violations;
    }

    private static string With(string section, string member, JsonNode value)
    {
        var document = JsonNode.Parse(section)!.AsObject();
        document[member] = value;
        return document.ToJsonString();
    }
}
