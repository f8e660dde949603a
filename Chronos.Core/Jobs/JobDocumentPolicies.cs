using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Core.Dispatching;

namespace Chronos.Core.Jobs;

/// <summary>The policies of a document: retry, overlap, misfire.</summary>
internal static class JobDocumentPolicies
{
    public static RetryPolicy Retry(JobDocumentFields document)
    {
        var policy = RetryPolicy.Default;
        if (document.Object("retry") is not { } retry)
        {
            return policy;
        }

        var initial = retry.Span("initial_interval", JobDocumentLimits.MinDuration, JobDocumentLimits.MaxDuration);
        var max = retry.Span("max_interval", JobDocumentLimits.MinDuration, JobDocumentLimits.MaxDuration);
        if (initial > max)
        {
            retry.Fault("max_interval", "must not be shorter than initial_interval");
        }

        // A long first pause alone must not be cut by the default cap, nor a short cap alone be exceeded by the default first pause.
        var first = initial ?? (max < policy.InitialInterval ? max.Value : policy.InitialInterval);
        policy = new RetryPolicy(
            retry.Whole("max_attempts", 1, JobDocumentLimits.MaxAttempts) ?? policy.MaxAttempts,
            first,
            max ?? (first > policy.MaxInterval ? first : policy.MaxInterval),
            retry.Real("multiplier", 1, JobDocumentLimits.MaxMultiplier) ?? policy.Multiplier,
            retry.Real("jitter", 0, 1) ?? policy.Jitter,
            RetryOn(retry) ?? policy.RetryOn);
        retry.Finish();
        return policy;
    }

    public static ConcurrencyPolicy Concurrency(JobDocumentFields document)
    {
        var policy = ConcurrencyPolicy.Default;
        return new ConcurrencyPolicy(
            document.Word("concurrency", JobDocumentWords.Overlap) ?? policy.Overlap,
            document.Whole("concurrency_limit", 1, JobDocumentLimits.MaxConcurrency),
            document.Whole("queue_limit", 1, JobDocumentLimits.MaxQueue) ?? policy.QueueLimit);
    }

    public static MisfirePolicy Misfire(JobDocumentFields document)
    {
        var policy = MisfirePolicy.Default;
        if (!document.IsObject("misfire"))
        {
            return policy with { Rule = document.Word("misfire", JobDocumentWords.Misfire) ?? policy.Rule };
        }

        var misfire = document.Object("misfire")!;
        policy = new MisfirePolicy(
            misfire.Word("policy", JobDocumentWords.Misfire) ?? policy.Rule,
            misfire.Whole("max", 1, JobDocumentLimits.MaxCatchUp) ?? policy.Max,
            misfire.Span("window", JobDocumentLimits.MinDuration, JobDocumentLimits.MaxMisfireWindow) ?? policy.Window,
            misfire.Span("grace", JobDocumentLimits.MinMisfireGrace, JobDocumentLimits.MaxMisfireGrace) ?? policy.Grace);
        misfire.Finish();
        return policy;
    }

    private static ImmutableArray<FailureClass>? RetryOn(JobDocumentFields retry)
    {
        if (retry.List("retry_on", 16) is not { } list)
        {
            return null;
        }

        var classes = ImmutableArray.CreateBuilder<FailureClass>();
        foreach (var (name, value) in list)
        {
            // In YAML the class 429 is a number.
            var word = value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number => value.GetRawText(),
                _ => null,
            };
            if (word is null)
            {
                retry.Wrong(name, value, $"one of {JobDocumentWords.RetryOn}");
            }
            else if (JobDocumentWords.RetryOn.Find(word) is not { } found)
            {
                retry.Fault(name, $"'{(word.Length <= 40 ? word : word[..40])}' is not one of {JobDocumentWords.RetryOn}");
            }
            else if (classes.Contains(found))
            {
                retry.Fault(name, "is given twice");
            }
            else
            {
                classes.Add(found);
            }
        }

        return classes.ToImmutable();
    }
}
