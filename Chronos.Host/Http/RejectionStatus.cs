using Chronos.Core.Kernel;

namespace Chronos.Host.Http;

/// <summary>What a refusal is over HTTP: the one place that says so.</summary>
public static class RejectionStatus
{
    public static int Of(RejectionCode code) => code switch
    {
        RejectionCode.ValidationFailed or RejectionCode.InvalidJson => 400,
        RejectionCode.Unauthenticated => 401,
        RejectionCode.Forbidden or RejectionCode.PolicyDenied => 403,
        RejectionCode.NotFound => 404,
        RejectionCode.AlreadyExists or RejectionCode.Conflict => 409,
        RejectionCode.Gone => 410,
        RejectionCode.PreconditionFailed => 412,
        RejectionCode.PayloadTooLarge => 413,
        RejectionCode.RateLimited or RejectionCode.QuotaExceeded => 429,
        RejectionCode.Unavailable => 503,
        _ => throw new InvalidOperationException($"{code} has no status"),
    };

    /// <summary>The stable <c>code</c> of problem details: the name in snake_case.</summary>
    public static string WordOf(RejectionCode code) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(code.ToString());
}
