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
public static class JobDocumentWords
{
    internal static readonly JobDocumentWords<OverlapPolicy> Overlap = new(
        ("allow", OverlapPolicy.Allow), ("forbid", OverlapPolicy.Forbid), ("replace", OverlapPolicy.Replace), ("queue", OverlapPolicy.Queue));

    internal static readonly JobDocumentWords<MisfireRule> Misfire = new(
        ("none", MisfireRule.None), ("last", MisfireRule.Last), ("all", MisfireRule.All));

    internal static readonly JobDocumentWords<JobPriority> Priority = new(
        ("low", JobPriority.Low), ("normal", JobPriority.Normal), ("high", JobPriority.High), ("critical", JobPriority.Critical));

    internal static readonly JobDocumentWords<FailureClass> RetryOn = new(
        ("timeout", FailureClass.Timeout), ("connect", FailureClass.Connect), ("5xx", FailureClass.ServerError), ("429", FailureClass.TooManyRequests),
        ("4xx", FailureClass.ClientError), ("request", FailureClass.Request), ("circuit_open", FailureClass.CircuitOpen), ("lost", FailureClass.Lost));

    internal static readonly JobDocumentWords<Protocol> Protocols = new(
        ("webhook", Protocol.Http), ("grpc", Protocol.Grpc), ("kafka", Protocol.Kafka), ("nats", Protocol.Nats), ("rabbitmq", Protocol.Rabbitmq));

    /// <summary>How a failure is called, in answers as in <c>retry.retry_on</c>.</summary>
    public static string Of(FailureClass failure) => failure switch
    {
        FailureClass.None => "none",
        FailureClass.Cancelled => "cancelled",
        _ => RetryOn.Of(failure),
    };

    /// <summary>The section of a protocol, as documents call it.</summary>
    public static string Of(Protocol protocol) => Protocols.Of(protocol);

    /// <summary>The word of a misfire policy or of a resume's <c>catch_up</c>; null when it is none.</summary>
    public static MisfireRule? FindMisfireRule(string word) => Misfire.Find(word);
}
