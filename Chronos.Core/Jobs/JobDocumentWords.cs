using System.Collections.Immutable;
using Chronos.Core.Dispatching;

namespace Chronos.Core.Jobs;

/// <summary>The lower snake_case words of one enumeration of the document, both ways.</summary>
internal sealed class JobDocumentWords<T>(params (string Word, T Value)[] words)
    where T : struct
{
    private readonly ImmutableArray<(string Word, T Value)> _words = [.. words];

    public T? Find(string word)
    {
        foreach (var (candidate, value) in _words)
        {
            if (candidate == word)
            {
                return value;
            }
        }

        return null;
    }

    public string Of(T value) => _words.First(w => EqualityComparer<T>.Default.Equals(w.Value, value)).Word;

    public override string ToString() => string.Join(", ", _words.Select(w => w.Word));
}

/// <summary>The vocabulary of the job document.</summary>
internal static class JobDocumentWords
{
    public static readonly JobDocumentWords<OverlapPolicy> Overlap = new(
        ("allow", OverlapPolicy.Allow), ("forbid", OverlapPolicy.Forbid), ("replace", OverlapPolicy.Replace), ("queue", OverlapPolicy.Queue));

    public static readonly JobDocumentWords<MisfireRule> Misfire = new(
        ("none", MisfireRule.None), ("last", MisfireRule.Last), ("all", MisfireRule.All));

    public static readonly JobDocumentWords<JobPriority> Priority = new(
        ("low", JobPriority.Low), ("normal", JobPriority.Normal), ("high", JobPriority.High), ("critical", JobPriority.Critical));

    public static readonly JobDocumentWords<FailureClass> RetryOn = new(
        ("timeout", FailureClass.Timeout), ("connect", FailureClass.Connect), ("5xx", FailureClass.ServerError), ("429", FailureClass.TooManyRequests),
        ("4xx", FailureClass.ClientError), ("request", FailureClass.Request), ("circuit_open", FailureClass.CircuitOpen), ("lost", FailureClass.Lost));

    public static readonly JobDocumentWords<Protocol> Protocols = new(
        ("webhook", Protocol.Http), ("grpc", Protocol.Grpc), ("kafka", Protocol.Kafka), ("nats", Protocol.Nats), ("rabbitmq", Protocol.Rabbitmq));
}
