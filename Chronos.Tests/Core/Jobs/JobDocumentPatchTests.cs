using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using CsCheck;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

/// <summary>A patch of one member, whatever form the canonical document keeps the field in.</summary>
public sealed class JobDocumentPatchTests
{
    /// <summary>For each field that can be a word: the object in full, of which a part is taken; and what a patch may set its members to.</summary>
    private static readonly (string Field, string Word, (string Member, string[] Values)[] Members)[] Fields =
    [
        ("schedule", "cron",
        [
            ("cron", ["\"0 2 * * *\"", "\"@hourly\"", "\"*/5 * * * *\"", "null"]), ("jitter", ["\"5s\"", "null"]), ("day_match", ["\"all\"", "\"any\""]),
            ("starts_at", ["\"2026-01-01T00:00:00Z\"", "null"]), ("dst", ["\"wall_clock\"", "\"once\""]), ("calendars", ["[\"holidays\"]", "[]"]), ("every", ["\"5m\"", "null"]),
        ]),
        ("misfire", "policy",
        [
            ("policy", ["\"none\"", "\"last\"", "\"all\"", "null"]), ("max", ["5", "100", "null"]), ("window", ["\"2h\"", "\"24h\"", "null"]), ("grace", ["\"30s\"", "null"]),
        ]),
        ("concurrency_key", "name", [("name", ["\"warehouse\"", "\"press\"", "null"]), ("limit", ["1", "3", "null"])]),
    ];

    private static readonly Gen<JsonObject> Parts = Gen.Int[0, 3].Array[16].Select(Part);

    [Fact]
    public void A_patch_of_members_gives_the_same_whether_the_field_is_kept_as_a_word_or_as_an_object() =>
        Gen.Select(Parts, Parts).Sample((document, patch) =>
        {
            // What the canonical document has as an object is put in full beside what it has as a word; the plain merge of that is what was meant.
            document["name"] = "a";
            document["webhook"] = new JsonObject { ["url"] = "http://x" };
            document.Remove("timezone");
            if (Read(document) is not { } job)
            {
                return;
            }

            var patched = JobDocumentPatch.Apply(JobDocument.ToElement(job), JsonSerializer.SerializeToElement(patch));
            var (expected, faults) = Faults(Merge(OfOneKind(InFull(job), patch), patch));
            var (actual, found) = Faults(JsonNode.Parse(patched.GetRawText())!.AsObject());
            Assert.Equal(expected, actual);
            Assert.Equal(faults, found);
        });

    [Theory]
    [InlineData("""{"misfire":"none"}""", """{"misfire":{"max":5}}""", """{"policy":"none","max":5}""")]
    [InlineData("""{"schedule":"0 2 * * *"}""", """{"schedule":{"jitter":"5s"}}""", """{"cron":"0 2 * * *","jitter":"5s"}""")]
    [InlineData("""{"schedule":"@hourly"}""", """{"schedule":{"cron":null,"every":"5m"}}""", """{"every":"5m"}""")]
    [InlineData("""{"schedule":"@hourly"}""", """{"schedule":{"every":"5m"}}""", """{"every":"5m"}""")]
    [InlineData("""{"schedule":{"every":"5m","jitter":"5s"}}""", """{"schedule":{"cron":"@hourly"}}""", """{"cron":"@hourly","jitter":"5s"}""")]
    [InlineData("""{"schedule":{"cron":"0 2 * * *","jitter":"5s"}}""", """{"schedule":{"jitter":null}}""", "\"0 2 * * *\"")]
    [InlineData("""{"concurrency_key":"warehouse"}""", """{"concurrency_key":{"limit":3}}""", """{"name":"warehouse","limit":3}""")]
    [InlineData("""{"concurrency_key":{"name":"warehouse","limit":3}}""", """{"concurrency_key":{"limit":1}}""", "\"warehouse\"")]
    public void A_member_is_patched_and_the_field_is_folded_again(string fields, string patch, string expected)
    {
        var document = JsonNode.Parse(fields)!.AsObject();
        var field = document.Single().Key;
        document["name"] = "a";
        document["webhook"] = new JsonObject { ["url"] = "http://x" };
        var patched = JobDocumentPatch.Apply(JobDocument.ToElement(Read(document)!), JsonDocument.Parse(patch).RootElement);
        var job = JobDocument.Read(patched, [])!;
        Assert.Equal(expected, JobDocument.ToElement(job).GetProperty(field).GetRawText());
    }

    /// <summary>A field of the document that some value folds to a word although it was given as an object has to be known to the patch.</summary>
    [Fact]
    public void Every_field_that_is_folded_to_a_word_is_known()
    {
        var full = JsonNode.Parse(Kit.Documents.Full)!.AsObject();
        var folded = new HashSet<string>();
        foreach (var (name, value) in full)
        {
            foreach (var member in (value as JsonObject ?? []).Select(m => m.Key))
            {
                // Each object with one member only: what is left is its shortest form.
                var document = new JsonObject { ["name"] = "a", ["webhook"] = new JsonObject { ["url"] = "http://x" }, ["tags"] = new JsonObject { ["team"] = "data" } };
                document[name] = new JsonObject { [member] = value![member]!.DeepClone() };
                if (name is not ("webhook" or "tags") && Read(document) is { } job
                    && JobDocument.ToElement(job).TryGetProperty(name, out var kept) && kept.ValueKind != JsonValueKind.Object)
                {
                    folded.Add(name);
                }
            }
        }

        // Its default policy is left out, so it takes another to be seen: "all" of the document above is one.
        Assert.Equal(JobDocumentPatch.Words.Keys.Order(), folded.Order());
        Assert.Equal(JobDocumentPatch.Words.Keys.Order(), Fields.Select(f => f.Field).Order());
    }

    private static JsonObject Part(int[] choices)
    {
        var (part, at) = (new JsonObject(), 0);
        foreach (var (field, _, members) in Fields)
        {
            var section = new JsonObject();
            foreach (var (member, values) in members)
            {
                if (choices[at++] is > 0 and var choice && choice <= values.Length)
                {
                    section[member] = JsonNode.Parse(values[choice - 1]);
                }
            }

            if (section.Count > 0)
            {
                part[field] = section;
            }
        }

        return part;
    }

    private static JsonObject InFull(JobDefinition job)
    {
        var document = JsonNode.Parse(JobDocument.ToJson(job))!.AsObject();
        foreach (var (field, word, _) in Fields)
        {
            if (document[field] is JsonValue value)
            {
                document[field] = new JsonObject { [word] = value.DeepClone() };
            }
        }

        return document;
    }

    /// <summary>Without the kind of the schedule that the patch does not name, where it names another.</summary>
    private static JsonObject OfOneKind(JsonObject document, JsonObject patch)
    {
        string[] kinds = ["cron", "every"];
        if (patch["schedule"] is JsonObject change && document["schedule"] is JsonObject schedule && kinds.Any(k => change[k] is not null))
        {
            foreach (var kind in kinds.Where(k => !change.ContainsKey(k)))
            {
                schedule.Remove(kind);
            }
        }

        return document;
    }

    /// <summary>RFC 7396, as it is printed there.</summary>
    private static JsonObject Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else
            {
                target[name] = value is JsonObject inner ? Merge(target[name] as JsonObject ?? [], inner) : value.DeepClone();
            }
        }

        return target;
    }

    private static JobDefinition? Read(JsonObject document) => JobDocument.Read(JsonSerializer.SerializeToElement(document), []);

    private static (string? Job, string Faults) Faults(JsonObject document)
    {
        var violations = new List<Violation>();
        var job = JobDocument.Read(JsonSerializer.SerializeToElement(document), violations);
        return (job is null ? null : JobDocument.ToJson(job), string.Join('\n', violations.Select(v => $"{v.Field}: {v.Message}").Order(StringComparer.Ordinal)));
    }
}
