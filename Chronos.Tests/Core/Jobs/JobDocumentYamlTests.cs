using System.Text.Json;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Tests.Kit;
using CsCheck;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

public sealed class JobDocumentYamlTests
{
    [Fact]
    public void Many_documents_and_lists_of_documents_are_read_in_order()
    {
        var file = JobDocumentFile.ReadYaml("name: a\n---\n- name: b\n- name: c\n---\n# nothing\n---\nname: d\n");
        Assert.Null(file.Fault);
        Assert.Equal(["a", "b", "c", "d"], file.Documents.Select(d => d.GetProperty("name").GetString()));
    }

    [Fact]
    public void The_status_429_is_a_number_in_YAML_and_a_class_of_failures()
    {
        var violations = new List<Violation>();
        var job = JobDocument.Read(
            JobDocumentFile.ReadYaml("name: a\nwebhook: { url: http://example.com }\nretry: { retry_on: [timeout, connect, 5xx, 429] }\n").Documents.Single(), violations);
        Assert.Empty(violations);
        Assert.Equal(4, job!.Retry.RetryOn.Length);
    }

    [Theory]
    [InlineData("on", "\"on\"")]
    [InlineData("no", "\"no\"")]
    [InlineData("2026-12-24T18:00:00Z", "\"2026-12-24T18:00:00Z\"")]
    [InlineData("\"5\"", "\"5\"")]
    [InlineData("'true'", "\"true\"")]
    [InlineData("5", "5")]
    [InlineData("+5", "5")]
    [InlineData("007", "7")]
    [InlineData("0x1F", "31")]
    [InlineData("0o17", "15")]
    [InlineData("1.50", "1.50")]
    [InlineData(".5", "0.5")]
    [InlineData("True", "true")]
    [InlineData("~", "null")]
    [InlineData("1h30m", "\"1h30m\"")]
    [InlineData("!!str 5", "\"5\"")]
    public void Plain_text_follows_the_core_schema(string yaml, string json) =>
        Assert.Equal(json, JobDocumentFile.ReadYaml($"v: {yaml}").Documents.Single().GetProperty("v").GetRawText());

    [Theory]
    [InlineData("a: [", "line 2")]
    [InlineData("a: 1\na: 2", "line 2, column 1")]
    [InlineData("a: .nan", "line 1, column 4")]
    [InlineData("a: * * * * *", "line 1")]
    [InlineData("a: *nowhere", "needs quotes")]
    [InlineData("? [x]\n: 1", "a name must be plain text")]
    [InlineData("a: !custom 1", "tag")]
    [InlineData("a: \"\\ud800\"", "")]
    public void What_is_no_YAML_or_no_JSON_is_refused_with_its_place(string yaml, string said)
    {
        var file = JobDocumentFile.ReadYaml(yaml);
        Assert.Equal(RejectionCode.InvalidJson, file.Fault!.Code);
        Assert.Contains(said, file.Fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_stand_for_what_was_anchored_but_not_for_gigabytes()
    {
        Assert.Equal("""{"a":{"x":1},"b":{"x":1}}""", JobDocumentFile.ReadYaml("a: &n {x: 1}\nb: *n").Documents.Single().GetRawText());

        var bomb = "a0: &a0 [xxxxxxxxxx,xxxxxxxxxx]\n" + string.Concat(Enumerable.Range(1, 20).Select(i => $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.Contains("4 MB", JobDocumentFile.ReadYaml(bomb).Fault!.Message, StringComparison.Ordinal);
        Assert.NotNull(JobDocumentFile.ReadYaml("a: &a [*a]").Fault);
        Assert.NotNull(JobDocumentFile.ReadYaml(new string('[', 100_000)).Fault);
    }

    [Fact]
    public void Whatever_is_written_as_YAML_reads_back_as_the_same_JSON()
    {
        var text = Gen.OneOf(
            Gen.String[Gen.OneOf(Gen.Char[' ', '~'], Gen.Const('\n'), Gen.Const('\t'), Gen.Const('é'), Gen.Const('\u2028'), Gen.Const('\r')), 0, 12],
            Of("on", "no", "null", "~", "1", "1e3", "0x1F", ".inf", "- a", "a: b", "#x", "x #y", "'", "\"", "|", ">", "&a", "*a", "!t", "%d", "@a", "`", "", " ", "\n", "\n\n", "a\n", "a\n\n", " a\n b", "a \nb", "---", "...", "? x", "2026-01-01"));
        var value = Gen.Recursive<object?>((depth, self) => depth > 3
            ? text.Select(object? (t) => t)
            : Gen.OneOf(
                text.Select(object? (t) => t), Gen.Int.Select(object? (i) => i), Gen.Bool.Select(object? (b) => b), Gen.Const((object?)null),
                self.List[0, 4].Select(object? (l) => l),
                Gen.Select(text, self).List[0, 4].Select(object? (l) => l.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2))));
        Gen.Select(text, value).List[0, 4].Select(l => l.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2)).Sample(document =>
        {
            var json = JsonSerializer.SerializeToElement(document);
            var yaml = new StringWriter();
            JobDocumentYamlWriter.Write(yaml, [json, json]);
            var read = JobDocumentFile.ReadYaml(yaml.ToString());
            Assert.True(read.Fault is null, $"{read.Fault?.Message} in\n{yaml}");
            Assert.Equal(2, read.Documents.Length);
            Assert.All(read.Documents, d => Assert.True(JsonElement.DeepEquals(json, d), $"{json}\nbecame\n{d}\nby\n{yaml}"));
        }, iter: 2000);
    }

    [Theory]
    [InlineData(":'")]
    [InlineData(":a")]
    [InlineData("?a")]
    [InlineData("-a")]
    public void A_name_that_begins_like_an_indicator_reads_back(string name)
    {
        var json = JsonSerializer.SerializeToElement(new { list = new object[] { new Dictionary<string, object> { [name] = name, ["b"] = 1 } } });
        var yaml = new StringWriter();
        JobDocumentYamlWriter.Write(yaml, [json]);
        Assert.True(JsonElement.DeepEquals(json, JobDocumentFile.ReadYaml(yaml.ToString()).Documents.Single()), yaml.ToString());
    }

    [Fact]
    public void A_full_document_survives_YAML()
    {
        var document = JsonDocument.Parse(Documents.Full).RootElement;
        var yaml = new StringWriter();
        JobDocumentYamlWriter.Write(yaml, [document]);
        Assert.True(JsonElement.DeepEquals(document, JobDocumentFile.ReadYaml(yaml.ToString()).Documents.Single()));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        Gen.String[Gen.OneOf(Gen.Char[' ', '~'], Gen.Const('\n'), Of('&', '*', '[', ']', '{', '}', ':', '-', '!', '|', '\\', '"', '\'', '\ud800')), 0, 60]
            .Sample(text => { _ = JobDocumentFile.ReadYaml(text); }, iter: 20_000);
    }

    private static Gen<T> Of<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
