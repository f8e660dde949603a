using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Chronos.Core.Kernel;

namespace Chronos.Host.Http;

/// <summary>One thing that is wrong in a request. In a request of many documents it also says in which.</summary>
public sealed record ProblemError(string Field, string Message)
{
    /// <summary>Index of the document, counted from 0.</summary>
    public int? Document { get; init; }

    /// <summary>Name of the job that the document describes, where it has one.</summary>
    public string? Name { get; init; }
}

/// <summary>Problem details (RFC 9457): every answer that is not what was asked for has this shape.</summary>
public sealed record Problem(string Type, string Title, int Status, string Detail, string Code)
{
    public ImmutableArray<ProblemError>? Errors { get; init; }

    public string? TraceId { get; init; }

    public static Problem Of(string code, int status, string detail) => new($"urn:chronos:problem:{code}", TitleOf(status), status, detail, code);

    public static Problem Of(Rejection rejection) =>
        Of(RejectionStatus.WordOf(rejection.Code), RejectionStatus.Of(rejection.Code), rejection.Message) with
        {
            Errors = rejection.Violations.IsDefaultOrEmpty ? null : [.. rejection.Violations.Select(v => new ProblemError(v.Field, v.Message))],
        };

    private static string TitleOf(int status) => status switch
    {
        400 => "The request is not valid",
        401 => "Who are you?",
        403 => "This is not allowed",
        404 => "Not found",
        405 => "The method is not available here",
        409 => "It conflicts with what is there",
        410 => "It is over",
        412 => "It has changed meanwhile",
        413 => "The request is too large",
        415 => "The content type is not understood",
        429 => "Too much at once",
        503 => "Not available at present",
        _ => status >= 500 ? "Something went wrong here" : "The request was refused",
    };
}

/// <summary>Answers with a problem.</summary>
public sealed class ProblemResult(Problem problem) : IResult
{
    /// <summary>How soon a refused caller may come again.</summary>
    public const int RetryAfterSeconds = 2;

    public static ProblemResult Of(Rejection rejection) => new(Problem.Of(rejection));

    public static ProblemResult Of(string code, int status, string detail) => new(Problem.Of(code, status, detail));

    public static ProblemResult NotFound(string what) => new(Problem.Of(Rejection.Of(RejectionCode.NotFound, what)));

    public Problem Problem { get; } = problem;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Problem.Status;
        if (Problem.Status is 503 or 429)
        {
            response.Headers.RetryAfter = RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        }

        if (Problem.Status == 401)
        {
            response.Headers.WWWAuthenticate = "Bearer realm=\"chronos\"";
        }

        return response.WriteAsJsonAsync(
            Problem with { TraceId = Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier },
            ApiJson.Api.Problem, "application/problem+json", httpContext.RequestAborted);
    }
}
