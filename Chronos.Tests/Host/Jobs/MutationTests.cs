using System.Text;
using System.Text.Json.Nodes;
using Chronos.Core.Jobs;
using Chronos.Tests.Kit;
using CsCheck;
using Xunit;

namespace Chronos.Tests.Host.Jobs;

[Collection(NodeCollection.Name)]
[Trait("speed", "slow")]
public sealed class MutationTests(SharedNode shared)
{
    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1e999", "3.5", "99999999999999999999", "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\"", "\"{{ payload }}\"", "\"{% include 'x' %}\"",
        "\"{{ a | b | c }}\"", "\"0 0 31 2 *\"", "\"* * * * *\"", "\"@every 1s\"", "\"R/PT1S\"", "\"Europe/Berlin\"", "\"PT0S\"", "\"1h\"", "\"http://[::1\"", "\"http://user:p@h/\"",
        "[]", "[[]]", "[null]", "{}", "{\"a\":{\"b\":[{}]}}", "{\"cron\":\"* * * * *\"}", "{\"every\":\"1s\"}", "{\"policy\":\"all\"}",
    ];

    private readonly HostFixture _node = shared.Node;

    [Fact]
    public async Task Ten_thousand_mutations_of_valid_documents_are_stored_whole_or_refused_by_field()
    {
        var documents = new List<byte[]>();
        Gen.Select(Gen.Int[0, 7], Gen.Int[0, 1 << 20], Gen.Int[0, 1 << 20], Gen.Int[0, Values.Length - 1].Select(i => Values[i]), Gen.Int[0, 255])
            .Sample((kind, place, other, value, noise) => { lock (documents) documents.Add(Mutate(kind, place, other, value, (byte)noise, documents.Count)); }, iter: 10_000, threads: 1);
        Assert.Equal(10_000, documents.Count);

        var stored = 0;
        await Parallel.ForEachAsync(documents, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (body, _) =>
        {
            var answer = await _node.Send(HttpMethod.Post, "/api/v1/jobs", body, "application/json");
            var shown = Encoding.UTF8.GetString(body);
            switch ((int)answer.Status)
            {
                case 201:
                    // What was accepted is there, and is what was sent.
                    Interlocked.Increment(ref stored);
                    var violations = new List<Chronos.Core.Kernel.Violation>();
                    var sent = JobDocument.Read(JobDocumentFile.ReadJson(body).Documents[0], violations);
                    Assert.True(sent is not null, $"stored, but not valid: {shown}");
                    var id = answer.Text("job_id")!;
                    // Two mutated names can meet: then this is not the first revision of its name.
                    var read = await _node.Get($"/api/v1/jobs/{id}/versions/{answer.Json.GetProperty("revision").GetInt32()}");
                    Assert.Equal(JobDocument.ToJson(sent), read.Json.GetProperty("document").GetRawText());
                    await _node.Send(HttpMethod.Delete, $"/api/v1/jobs/{id}", null);
                    break;
                case 400 when answer.Text("code") == "validation_failed":
                    Assert.True(answer.Fields.Length > 0, $"no field is named for {shown}: {answer.Body}");
                    break;
                case 400 when answer.Text("code") == "invalid_json":
                    break;
                case 409:
                    break;
                default:
                    Assert.Fail($"{(int)answer.Status} for {shown}: {answer.Body}");
                    break;
            }
        });
        Assert.InRange(stored, 100, 9_900);
    }

    private static byte[] Mutate(int kind, int place, int other, string value, byte noise, int number)
    {
        var document = JsonNode.Parse(Documents.Full)!.AsObject();
        document["name"] = $"m-{number}";
        var places = new List<(JsonObject Owner, string Name)>();
        Collect(document, places);
        var (owner, name) = places[place % places.Count];
        const string mark = "@@@@";
        switch (kind)
        {
            case 0:
                owner.Remove(name);
                break;
            case 1:
                owner[$"{name}{(char)('a' + (other % 26))}"] = owner[name]?.DeepClone();
                break;
            case 2:
                var (_, from) = places[other % places.Count];
                owner[name] = places[other % places.Count].Owner[from]?.DeepClone();
                break;
            case 3:
                document["description"] = new string('d', other % 5000);
                break;
            default:
                owner[name] = mark;
                break;
        }

        var bytes = Encoding.UTF8.GetBytes(document.ToJsonString().Replace($"\"{mark}\"", value, StringComparison.Ordinal));
        if (kind == 7)
        {
            bytes[other % bytes.Length] = noise;
        }

        return bytes;
    }

    private static void Collect(JsonObject owner, List<(JsonObject Owner, string Name)> places)
    {
        foreach (var (name, value) in owner)
        {
            places.Add((owner, name));
            if (value is JsonObject inner)
            {
                Collect(inner, places);
            }
        }
    }
}
