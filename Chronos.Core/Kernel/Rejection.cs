using System.Collections.Immutable;

namespace Chronos.Core.Kernel;

/// <summary>One thing that is wrong, and where: <c>field</c> is the path in the user's document (<c>webhook.url</c>, <c>retry.max_attempts</c>).</summary>
public sealed record Violation(string Field, string Message);

/// <summary>Why something was refused. One switch maps it to an HTTP status, another to an exit code of the CLI.</summary>
public enum RejectionCode
{
    ValidationFailed,
    InvalidJson,
    Unauthenticated,
    Forbidden,
    PolicyDenied,
    NotFound,
    AlreadyExists,
    Conflict,
    PreconditionFailed,
    PayloadTooLarge,
    RateLimited,
    QuotaExceeded,
    Unavailable,

    /// <summary>It was there, and is over for good.</summary>
    Gone,
}

/// <summary>An expected refusal, as a value. Exceptions mean a bug or broken I/O.</summary>
public sealed record Rejection(RejectionCode Code, string Message, ImmutableArray<Violation> Violations)
{
    public static Rejection Of(RejectionCode code, string message) => new(code, message, []);

    public static Rejection Invalid(string field, string message) =>
        new(RejectionCode.ValidationFailed, $"{field}: {message}", [new Violation(field, message)]);

    public static Rejection Invalid(ImmutableArray<Violation> violations) =>
        new(RejectionCode.ValidationFailed,
            violations.Length == 1 ? $"{violations[0].Field}: {violations[0].Message}" : $"{violations.Length} fields are wrong", violations);
}
