using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Dispatching.Limits;

/// <summary>The parts that limits are made of.</summary>
public sealed class FlowTests
{
    [Fact]
    public void A_bucket_gives_its_burst_and_then_its_rate()
    {
        var bucket = new TokenBucket(10, 5, TimeSpan.Zero);
        Assert.Equal(5, Enumerable.Range(0, 20).Count(_ => bucket.TryTake(TimeSpan.Zero)));

        var taken = Enumerable.Range(1, 1_000).Count(n => bucket.TryTake(TimeSpan.FromMilliseconds(n * 10)));
        Assert.InRange(taken, 99, 101);
    }

    [Fact]
    public void A_bucket_gathers_no_more_than_its_burst()
    {
        var bucket = new TokenBucket(1, 3, TimeSpan.Zero);
        Assert.Equal(3, bucket.Tokens(TimeSpan.FromDays(1)));
    }

    [Fact]
    public void A_bucket_that_is_changed_keeps_what_its_new_burst_holds()
    {
        var bucket = new TokenBucket(1, 100, TimeSpan.Zero);
        bucket.Change(1, 2, TimeSpan.Zero);
        Assert.Equal(2, bucket.Tokens(TimeSpan.Zero));
    }

    [Fact]
    public void A_job_with_a_thousand_waiting_gets_as_much_as_one_with_ten()
    {
        var queue = new FairQueue<(string Job, int Number)>();
        for (var n = 0; n < 1_000; n++)
        {
            queue.Add(Job("noisy"), ("noisy", n));
        }

        for (var n = 0; n < 10; n++)
        {
            queue.Add(Job("quiet"), ("quiet", n));
        }

        var taken = new List<(string Job, int Number)>();
        while (taken.Count < 20 && queue.TryTake(out var item))
        {
            taken.Add(item);
        }

        Assert.Equal(10, taken.Count(t => t.Job == "quiet"));
        Assert.All(taken.GroupBy(t => t.Job), job => Assert.Equal(Enumerable.Range(0, 10), job.Select(t => t.Number)));
        Assert.Equal(990, queue.Count);
    }

    [Fact]
    public void What_is_put_back_stays_the_first_of_its_job()
    {
        var queue = new FairQueue<int>();
        queue.Add(Job("a"), 1);
        queue.Add(Job("a"), 2);
        Assert.True(queue.TryTake(out var first));
        queue.PutBack(Job("a"), first);

        Assert.True(queue.TryTake(out var again));
        Assert.Equal(1, again);
        Assert.True(queue.Remove(Job("a"), n => n == 2, out _));
        Assert.Equal(0, queue.Count);
    }

    [Theory]
    [InlineData(Protocol.Http, """{"url":"https://Example.com/a?b"}""", "https://example.com:443")]
    [InlineData(Protocol.Http, """{"url":"http://127.0.0.1:9/{{ payload.x }}"}""", "http://127.0.0.1:9")]
    [InlineData(Protocol.Http, """{"url":"http://[::1]:9/"}""", "http://[::1]:9")]
    [InlineData(Protocol.Http, """{"url":"https://{{ payload.host | replace: '/', '' }}:8443/x"}""", "https://{{ payload.host | replace: '/', '' }}:8443")]
    [InlineData(Protocol.Grpc, """{"target":"https://orders.example.com:8443","method":"a.B/C"}""", "https://orders.example.com:8443")]
    [InlineData(Protocol.Kafka, """{"brokers":["a:9092","b:9092"],"topic":"t"}""", "kafka://a:9092,b:9092")]
    [InlineData(Protocol.Nats, """{"url":"tls://one.example.com,nats://two:4333"}""", "nats://one.example.com:4222")]
    [InlineData(Protocol.Rabbitmq, """{"url":"amqps://rabbit.example.com/orders"}""", "amqps://rabbit.example.com:5671")]
    [InlineData(Protocol.Http, "{}", "http")]
    public void A_target_has_the_name_of_its_circuit(Protocol protocol, string section, string name) =>
        Assert.Equal(name, TargetName.Of(new DispatchTarget(protocol, section)));

    [Fact]
    public void The_limits_of_a_document_are_read_and_written_as_they_were()
    {
        const string Limits = """{"concurrency":2,"rate":"10/s","burst":40,"target":{"rate":"5/m"},"tags":{"team":{"concurrency":3,"rate":"3/30s"}}}""";
        var violations = new List<Violation>();
        var job = JobDocument.Read(Document(Limits), violations)!;

        Assert.Empty(violations);
        Assert.Equal(new FlowLimit(2, new FlowRate(10, TimeSpan.FromSeconds(1), 40)), job.Limits!.Job);
        Assert.Equal(new FlowLimit(null, new FlowRate(5, TimeSpan.FromMinutes(1), 1)), job.Limits.Target);
        Assert.Equal(new FlowLimit(3, new FlowRate(3, TimeSpan.FromSeconds(30), 1)), job.Limits.Tags["team"]);
        Assert.Contains($"\"limits\":{Limits}", JobDocument.ToJson(job), StringComparison.Ordinal);
        Assert.Equal(job, JobDocument.ReadStored(JobDocument.ToElement(job)));
    }

    [Theory]
    [InlineData("""{"concurrency":0}""", "limits.concurrency")]
    [InlineData("""{"rate":"fast"}""", "limits.rate")]
    [InlineData("""{"rate":"0/s"}""", "limits.rate")]
    [InlineData("""{"rate":"1/2d"}""", "limits.rate")]
    [InlineData("""{"burst":3}""", "limits.burst")]
    [InlineData("""{"target":{"burst":3}}""", "limits.target.burst")]
    [InlineData("""{"target":{"speed":3}}""", "limits.target.speed")]
    [InlineData("""{"tags":{"owner":{"concurrency":1}}}""", "limits.tags.owner")]
    [InlineData("""{"tags":{"team":{"rate":17}}}""", "limits.tags.team.rate")]
    [InlineData("""{"tags":[]}""", "limits.tags")]
    [InlineData("""7""", "limits")]
    public void A_limit_that_is_none_is_refused_by_its_field(string limits, string field)
    {
        var violations = new List<Violation>();
        Assert.Null(JobDocument.Read(Document(limits), violations));
        Assert.Equal(field, Assert.Single(violations).Field);
    }

    private static JsonElement Document(string limits) =>
        JsonDocument.Parse($$"""{"name":"limited","webhook":{"url":"http://127.0.0.1:9/"},"tags":{"team":"data"},"limits":{{limits}}}""").RootElement;

    private static JobId Job(string name) => JobId.For(TenantId.Default, name);
}
