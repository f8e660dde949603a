using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Tests.Kit;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

public sealed class JobDocumentTests
{
    private static readonly string[] NotAValue = ["17", "\"\\u0000\"", "[]", "{\"x\":1}", "true", "null"];

    public static TheoryData<string, string, string> WrongValues => new()
    {
        { "name", "\"Upper\"", "name" },
        { "name", "\"a\\n\"", "name" },
        { "name", $"\"{new string('a', 101)}\"", "name" },
        { "description", $"\"{new string('a', 4097)}\"", "description" },
        { "schedule", "\"0 0 31 2 *\"", "schedule" },
        { "schedule", "{\"cron\":\"* * * * *\",\"every\":\"5s\"}", "schedule" },
        { "schedule", "{\"cron\":\"* * * * *\",\"calendars\":[\"Not a name\"]}", "schedule.calendars[0]" },
        { "schedule", "{\"cron\":\"* * * * *\",\"often\":true}", "schedule.often" },
        { "timezone", "\"Europe/Atlantis\"", "timezone" },
        { "webhook", "{\"url\":\"ftp://x\"}", "webhook.url" },
        { "webhook", "{\"url\":\"http://x\",\"verb\":\"GET\"}", "webhook.verb" },
        { "grpc", "{}", "grpc" },
        { "workflow", "{}", "workflow" },
        { "payload", "\"{{payload.x}}\"", "payload" },
        { "timeout", "\"0s\"", "timeout" },
        { "timeout", "\"31d\"", "timeout" },
        { "deadline", "\"soon\"", "deadline" },
        { "retry", "{\"max_attempts\":0}", "retry.max_attempts" },
        { "retry", "{\"initial_interval\":\"2m\",\"max_interval\":\"1m\"}", "retry.max_interval" },
        { "retry", "{\"multiplier\":1e999}", "retry.multiplier" },
        { "retry", "{\"jitter\":1.5}", "retry.jitter" },
        { "retry", "{\"retry_on\":[\"5xx\",\"6xx\"]}", "retry.retry_on[1]" },
        { "retry", "{\"retry_on\":[\"5xx\",\"5xx\"]}", "retry.retry_on[1]" },
        { "retry", "{\"retry_on\":[\"5xx\",430]}", "retry.retry_on[1]" },
        { "retry", "{\"retry_on\":[2.5]}", "retry.retry_on[0]" },
        { "retry", "{\"tries\":3}", "retry.tries" },
        { "concurrency", "\"sometimes\"", "concurrency" },
        { "concurrency_limit", "0", "concurrency_limit" },
        { "concurrency_key", "\"The Warehouse\"", "concurrency_key" },
        { "concurrency_key", "{\"limit\":2}", "concurrency_key.name" },
        { "concurrency_key", "{\"name\":\"warehouse\",\"limit\":0}", "concurrency_key.limit" },
        { "concurrency_key", "{\"name\":\"warehouse\",\"max\":2}", "concurrency_key.max" },
        { "queue_limit", "10001", "queue_limit" },
        { "misfire", "\"some\"", "misfire" },
        { "misfire", "{\"policy\":\"all\",\"max\":0}", "misfire.max" },
        { "misfire", "{\"grace\":\"1ms\"}", "misfire.grace" },
        { "misfire", "{\"rule\":\"all\"}", "misfire.rule" },
        { "priority", "\"urgent\"", "priority" },
        { "tags", "{\"a b\":\"x\"}", "tags.a b" },
        { "tags", "{\"a\":1}", "tags.a" },
        { "owner", $"\"{new string('a', 257)}\"", "owner" },
        { "secrets", "[\"a\",\"a\"]", "secrets[1]" },
        { "secrets", "[\"../x\"]", "secrets[0]" },
        { "colour", "\"red\"", "colour" },
    };

    [Fact]
    public void What_is_written_reads_back_as_the_same_and_writes_the_same()
    {
        var first = Read(Documents.Full);
        var text = JobDocument.ToJson(first);
        var second = Read(text);
        Assert.Equal(first, second);
        Assert.Equal(text, JobDocument.ToJson(second));
        Assert.Equal(first, JobDocument.ReadStored(Parse(text)));
        Assert.Equal((OverlapPolicy.Queue, 2, 7), (first.Concurrency.Overlap, first.Concurrency.Limit, first.Concurrency.QueueLimit));
        Assert.Equal(new MisfirePolicy(MisfireRule.All, 5, TimeSpan.FromHours(2), TimeSpan.FromSeconds(30)), first.Misfire);
        Assert.Contains(FailureClass.Lost, first.Retry.RetryOn);
    }

    [Fact]
    public void Defaults_are_left_out()
    {
        var job = Read("""
            {"name":"d","enabled":true,"timezone":"UTC","webhook":{"url":"http://x/"},"timeout":"5m","concurrency":"allow","queue_limit":100,
             "misfire":{"policy":"last","max":100,"window":"24h","grace":"10s"},"priority":"normal","tags":{},"secrets":[],"retry":{}}
            """);
        Assert.Equal("""{"name":"d","webhook":{"url":"http://x/"}}""", JobDocument.ToJson(job));
    }

    [Theory]
    [MemberData(nameof(WrongValues))]
    public void A_wrong_value_is_refused_with_the_path_of_its_field(string field, string value, string path)
    {
        var document = JsonNode.Parse(Documents.Simple("x"))!.AsObject();
        document.Remove(field);
        Assert.Contains(path, Violations($"{{\"{field}\":{value},{document.ToJsonString()[1..]}").Select(v => v.Field));
    }

    [Fact]
    public void Every_field_refuses_every_wrong_type_by_its_name()
    {
        foreach (var name in Parse(Documents.Full).EnumerateObject().Select(p => p.Name))
        {
            foreach (var wrong in NotAValue.Where(w => !IsRight(name, w)))
            {
                var document = JsonNode.Parse(Documents.Full)!.AsObject();
                document[name] = JsonNode.Parse(wrong);
                var fields = Violations(document.ToJsonString()).Select(v => v.Field).ToList();
                Assert.True(fields.Any(f => f.StartsWith(name, StringComparison.Ordinal)), $"{name} = {wrong} gave [{string.Join(", ", fields)}]");
            }
        }
    }

    [Theory]
    [InlineData("\"warehouse\"", "\"warehouse\"", 1)]
    [InlineData("{\"name\":\"warehouse\"}", "\"warehouse\"", 1)]
    [InlineData("{\"name\":\"warehouse\",\"limit\":3}", "{\"name\":\"warehouse\",\"limit\":3}", 3)]
    public void A_concurrency_key_is_a_name_or_a_name_with_a_limit(string given, string written, int limit)
    {
        var job = Read($$"""{"name":"d","schedule":"@daily","webhook":{"url":"http://x/"},"concurrency_key":{{given}} }""");
        Assert.Equal(("warehouse", limit), (job.Limits!.Key!.Name, job.Limits.Key.Limit));
        var document = JobDocument.ToElement(job);
        Assert.Equal(written, document.GetProperty("concurrency_key").GetRawText());
        Assert.False(document.TryGetProperty("limits", out _));
    }

    [Fact]
    public void A_concurrency_key_is_not_promised_where_it_would_not_be_held()
    {
        var violation = Assert.Single(Violations("""{"name":"d","webhook":{"url":"http://x/","callback":true},"concurrency_key":"warehouse"}"""));
        Assert.Equal("concurrency_key", violation.Field);
    }

    [Fact]
    public void A_member_that_is_given_twice_is_refused_at_any_depth()
    {
        Assert.Contains("name", Violations("""{"name":"a","name":"b","webhook":{"url":"http://x"}}""").Select(v => v.Field));
        Assert.Contains("payload.a.b", Violations("""{"name":"a","webhook":{"url":"http://x"},"payload":{"a":{"b":1,"b":2}}}""").Select(v => v.Field));
    }

    [Fact]
    public void Text_that_is_no_Unicode_is_refused_and_never_thrown()
    {
        Assert.Contains("description", Violations("""{"name":"a","webhook":{"url":"http://x"},"description":"\ud800"}""").Select(v => v.Field));
        Assert.NotEmpty(Violations("""{"name":"a","webhook":{"url":"http://x"},"\udfff":1}"""));
    }

    [Fact]
    public void A_payload_beyond_its_size_or_depth_is_refused()
    {
        var large = $$"""{"name":"a","webhook":{"url":"http://x"},"payload":"{{new string('x', 256 * 1024)}}"}""";
        Assert.Equal("payload", Assert.Single(Violations(large)).Field);
        var deep = $$"""{"name":"a","webhook":{"url":"http://x"},"payload":{{string.Concat(Enumerable.Repeat("[", 40))}}{{string.Concat(Enumerable.Repeat("]", 40))}}}""";
        Assert.StartsWith("payload", Assert.Single(Violations(deep)).Field, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_a_template_uses_must_be_listed()
    {
        Assert.Contains("secrets", Violations("""{"name":"a","webhook":{"url":"http://x","headers":{"A":"{{secrets.token}}"}}}""").Select(v => v.Field));
        Assert.Empty(Violations("""{"name":"a","webhook":{"url":"http://x","headers":{"A":"{{secrets.token}}"}},"secrets":["token"]}"""));
    }

    [Fact]
    public void What_was_stored_loads_although_names_and_bounds_have_changed_since()
    {
        var stored = JobDocument.ReadStored(Parse("""{"name":"Old Name","webhook":{"url":"http://x","colour":1},"timeout":"90d","later":{"x":1},"retry":{"max_attempts":5000,"new":1}}"""));
        Assert.Equal(("Old Name", TimeSpan.FromDays(90), 5000), (stored.Name, stored.Timeout, stored.Retry.MaxAttempts));
        Assert.Throws<JsonException>(() => JobDocument.ReadStored(Parse("""{"webhook":{}}""")));
    }

    [Fact]
    public void What_a_later_build_wrote_into_a_document_stays_in_it_whatever_is_changed_here()
    {
        var stored = JobDocument.ReadStored(Parse("""{"name":"a","webhook":{"url":"http://x","colour":1},"color":{"red":[1,2]},"retry":{"max_attempts":5,"new":1}}"""));
        var changed = JobDocument.ToElement(stored with { Enabled = false, Retry = stored.Retry with { MaxAttempts = 7 } });
        Assert.Equal("""{"red":[1,2]}""", changed.GetProperty("color").GetRawText());
        Assert.Equal((7, 1), (changed.GetProperty("retry").GetProperty("max_attempts").GetInt32(), changed.GetProperty("retry").GetProperty("new").GetInt32()));
        Assert.Equal(1, changed.GetProperty("webhook").GetProperty("colour").GetInt32());
        Assert.Equal(JobDocument.ToJson(stored), JobDocument.ToJson(JobDocument.ReadStored(JobDocument.ToElement(stored))));
        Assert.NotEqual(stored, stored with { Beyond = null });
        Assert.Equal(["color"], Violations(JobDocument.ToJson(stored with { Retry = RetryPolicy.Default })).Where(v => v.Field == "color").Select(v => v.Field));
    }

    [Fact]
    public void A_merge_patch_follows_the_examples_of_RFC_7396()
    {
        foreach (var (target, patch, result) in new[]
        {
            ("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}"""), ("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}"""),
            ("""{"a":"b"}""", """{"a":null}""", "{}"), ("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}"""),
            ("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}"""), ("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}"""),
            ("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}"""), ("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}"""),
            ("""["a","b"]""", """["c","d"]""", """["c","d"]"""), ("""{"a":"b"}""", """["c"]""", """["c"]"""), ("""{"a":"foo"}""", "null", "null"),
            ("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}"""), ("[1,2]", """{"a":"b","c":null}""", """{"a":"b"}"""),
            ("{}", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}"""),
        })
        {
            Assert.Equal(result, JobDocumentPatch.Apply(Parse(target), Parse(patch)).GetRawText());
        }
    }

    [Fact]
    public void A_diff_names_each_changed_place_with_what_stood_and_stands_there()
    {
        var old = Read(Documents.Full);
        var changes = JobDocumentDiff.Between(old, old with { Owner = null, Priority = JobPriority.Critical, Retry = old.Retry with { MaxAttempts = 6 } });
        Assert.Equal(["retry.max_attempts", "priority", "owner"], changes.Select(c => c.Path));
        Assert.Equal(("5", "6"), (changes[0].Old!.Value.GetRawText(), changes[0].New!.Value.GetRawText()));
        Assert.Null(changes[2].New);
        Assert.Empty(JobDocumentDiff.Between(old, old));
    }

    /// <summary>Whether the value would be right for the field after all.</summary>
    private static bool IsRight(string name, string wrong) => name switch
    {
        "payload" => true,
        "enabled" => wrong == "true",
        "concurrency_limit" or "queue_limit" => wrong == "17",
        "secrets" => wrong == "[]",
        _ => false,
    };

    private static JobDefinition Read(string json)
    {
        var violations = new List<Violation>();
        var job = JobDocument.Read(Parse(json), violations);
        Assert.Empty(violations);
        return job!;
    }

    private static List<Violation> Violations(string json)
    {
        var violations = new List<Violation>();
        var job = JobDocument.Read(Parse(json), violations);
        Assert.Equal(violations.Count == 0, job is not null);
        return violations;
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
