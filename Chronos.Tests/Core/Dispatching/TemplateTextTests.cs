using System.Collections.Immutable;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Dispatching;

public sealed class TemplateTextTests
{
    [Theory]
    [InlineData("{{ job.name }}/{{ execution.attempt }}", "nightly/2")]
    [InlineData("{{ execution.scheduled_at }}", "2026-01-02T03:04:05Z")]
    [InlineData("{{ execution.scheduled_at | date: '%Y-%m-%d' }}", "2026-01-02")]
    [InlineData("{{ execution.scheduled_at | date: 'HH:mm' }}", "03:04")]
    [InlineData("{{ job.tags.team }}", "data")]
    [InlineData("{{ payload }}", """{"who":"Ann","n":3,"list":[1,"two"],"no":false}""")]
    [InlineData("{{ payload.list }}", """[1,"two"]""")]
    [InlineData("{{ payload.list[1] }}{{ payload.n | plus: 1 }}", "two4")]
    [InlineData("{{ payload.who | json }}", "\"Ann\"")]
    [InlineData("{{ payload.absent | default: 'none' }}", "none")]
    [InlineData("{% if payload.absent %}a{% else %}b{% endif %}", "b")]
    [InlineData("{% for i in payload.list %}[{{ i }}]{% endfor %}", "[1][two]")]
    [InlineData("{% assign x = payload.who | upcase %}{{ x }}", "ANN")]
    [InlineData("{{ secrets.token }}|{{ secrets['my.token'] | base64_encode }}", "t0ken|ZG90dGVk")]
    [InlineData("plain } text", "plain } text")]
    public void Renders(string template, string expected)
    {
        Assert.True(TemplateText.TryParse(template, out var parsed, out var error), error);
        Assert.True(parsed.TryRender(Scope(), out var text, out error), error);
        Assert.Equal(expected, text);
    }

    [Theory]
    [InlineData("{{ job.name", "cannot be read")]
    [InlineData("{% if job.name %}", "cannot be read")]
    [InlineData("{{ unknown }}", "no variable 'unknown'")]
    [InlineData("{{ unknown | default: 'x' }}", "no variable 'unknown'")]
    [InlineData("{{ job.nme }}", "no variable 'job.nme'")]
    [InlineData("{{ job.name.GetType }}", "no variable")]
    [InlineData("{{ job.name | nofilter }}", "no filter 'nofilter'")]
    [InlineData("{{ }}", "empty")]
    [InlineData("{{{ job.name }}}", "{{{")]
    [InlineData("{% include 'x' %}", "'include' is not available")]
    [InlineData("{% extends 'x' %}", "'extends' is not available")]
    [InlineData("{% capture x %}{% endcapture %}", "'capture' is not available")]
    [InlineData("{{ ' }} {% include \"x\" %}", "include")]
    [InlineData("{{ \"}}{% include 'x' %}\" }}", "quotes")]
    [InlineData("{% for i in (1..1000000000) %}{% endfor %}", "range")]
    [InlineData("{% for i in (1..payload.n) %}{% endfor %}", "range")]
    [InlineData("{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}", "loops more than 100000 times in all")]
    [InlineData("{% for i in (1..99) %}{% for j in (1..99) %}{% for k in (1..99) %}{% for l in (1..99) %}{% else %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}", "in all")]
    [InlineData("{% assign a = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}", "too much text")]
    [InlineData("{% assign a = 'xxxxxxxxxx' %}{% for i in (1..60) %}{% assign a = a | replace: 'x', a %}{% endfor %}", "too much text")]
    [InlineData("{{ 'now' | date: 'yyyy' }}", "instant")]
    [InlineData("{{ secrets.token | upcase }}", "a secret is written")]
    [InlineData("{% assign x = secrets.token %}{{ x }}", "not be used in a tag")]
    [InlineData("{% if secrets.token == 'a' %}{% endif %}", "not be used in a tag")]
    [InlineData("{{ secrets }}", "a secret is written")]
    public void Is_refused_when_it_is_written(string template, string because)
    {
        Assert.False(TemplateText.TryParse(template, out _, out var error));
        Assert.Contains(because, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Fact]
    public void A_deeply_nested_template_is_refused_before_the_engine_sees_it()
    {
        var deep = string.Concat(Enumerable.Repeat("{% if job.name %}", 2000)) + string.Concat(Enumerable.Repeat("{% endif %}", 2000));
        Assert.False(TemplateText.TryParse(deep, out _, out var error));
        Assert.Contains("nested", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_that_puts_out_too_much_is_refused()
    {
        var line = new string('x', 1000);
        Assert.False(TemplateText.TryParse($"{{% for i in (1..2000) %}}{line}{{% endfor %}}", out _, out var error));
        Assert.Contains("puts out more than", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_looks_like_a_template_is_not_run()
    {
        Assert.True(TemplateText.TryParse("{{ payload.who }}", out var parsed, out _));
        Assert.True(parsed.TryRender(Scope("""{"who":"{{ secrets.token }}{% include 'x' %}"}"""), out var text, out _));
        Assert.Equal("{{ secrets.token }}{% include 'x' %}", text);
    }

    [Fact]
    public void A_missing_member_of_the_payload_is_an_error_when_it_is_sent()
    {
        Assert.True(TemplateText.TryParse("{{ payload.gone }}", out var parsed, out _));
        Assert.False(parsed.TryRender(Scope(), out _, out var error));
        Assert.Equal("there is no variable 'payload.gone'", error);
    }

    [Fact]
    public async Task One_parsed_template_renders_on_many_threads_without_mixing_values()
    {
        Assert.True(TemplateText.TryParse("{% assign x = payload.n %}{% for i in (1..20) %}{{ x }},{% endfor %}", out var parsed, out _));
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(n => Task.Run(
            () => (n, Ok: parsed.TryRender(Scope($$"""{"n":{{n}}}"""), out var text, out _), text), TestContext.Current.CancellationToken)));

        Assert.All(results, result => Assert.Equal(string.Concat(Enumerable.Repeat($"{result.n},", 20)), result.text));
    }

    private static TemplateScope Scope(string payload = """{"who":"Ann","n":3,"list":[1,"two"],"no":false}""")
    {
        var job = JobId.For(TenantId.Default, "nightly");
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        return TemplateScope.For(
            new AttemptRequest(
                TenantId.Default, job, "nightly", 1, ExecutionId.ForSlot(job, at), 2, at, new DispatchTarget(Protocol.Http, "{}"), null, TimeSpan.Zero, [],
                ImmutableSortedDictionary<string, string>.Empty.Add("team", "data"), ""),
            payload, new Dictionary<string, string> { ["token"] = "t0ken", ["my.token"] = "dotted" });
    }
}
