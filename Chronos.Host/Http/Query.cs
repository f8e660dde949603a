using System.Globalization;
using Chronos.Core.Contracts;
using Chronos.Core.Kernel;

namespace Chronos.Host.Http;

/// <summary>A query parameter that an endpoint takes: read by <see cref="Query"/>, shown in the OpenAPI document.</summary>
/// <param name="Type">The JSON schema type, with its format after a slash: <c>integer</c>, <c>string/date-time</c>.</param>
internal sealed record QueryParameter(string Name, string Type, string Description);

/// <summary>Declares the query parameters of endpoints. One that is not declared is refused: a typing error must not list everything.</summary>
internal static class QueryParameters
{
    public static readonly QueryParameter Limit = new("limit", "integer", $"How many items, 1 to {PageLimits.Max}; {PageLimits.Default} if absent");
    public static readonly QueryParameter Cursor = new("cursor", "string", "next_cursor of the page before");
    public static readonly QueryParameter From = new("from", "string/date-time", "At or after this instant");
    public static readonly QueryParameter To = new("to", "string/date-time", "Before this instant");
    public static readonly QueryParameter DryRun = new("dry_run", "boolean", "Validate, and say what would change, without changing it");

    public static RouteHandlerBuilder Takes(this RouteHandlerBuilder builder, params QueryParameter[] parameters)
    {
        foreach (var parameter in parameters)
        {
            builder.WithMetadata(parameter);
        }

        return builder;
    }

    public static RouteHandlerBuilder TakesKey(this RouteHandlerBuilder builder) => builder.WithMetadata(new IdempotencyKeyParameter());
}

/// <summary>Says in the OpenAPI document that an endpoint heeds <c>Idempotency-Key</c>.</summary>
internal sealed class IdempotencyKeyParameter
{
    public const string Name = "Idempotency-Key";

    public const string Description =
        "Makes the request safe to repeat: with the same key it is answered as the first time, with Idempotent-Replayed: true, and nothing is done again. The same key with another request is refused (409).";
}

/// <summary>Reads the query of a request; what is wrong is named by parameter.</summary>
internal sealed class Query(HttpContext http)
{
    private readonly List<Violation> _violations = [];

    public ICollection<Violation> Violations => _violations;

    /// <summary>The refusal, once everything was read; null when all was well.</summary>
    public ProblemResult? Problem()
    {
        var known = http.GetEndpoint()!.Metadata.GetOrderedMetadata<QueryParameter>();
        foreach (var name in http.Request.Query.Keys.Where(k => known.All(p => p.Name != k)))
        {
            Fault(name.Length <= 80 ? name : name[..80], known.Count == 0 ? "is no parameter here" : $"is no parameter here; known: {string.Join(", ", known.Select(p => p.Name))}");
        }

        return _violations.Count == 0 ? null : ProblemResult.Of(Rejection.Invalid([.. _violations]));
    }

    public void Fault(string name, string message) => _violations.Add(new Violation(name, message));

    public string? Text(string name)
    {
        var values = http.Request.Query[name];
        if (values.Count > 1)
        {
            Fault(name, "is given twice");
        }

        return values.Count == 0 ? null : values[0];
    }

    public int Whole(string name, int absent, int min, int max)
    {
        if (Text(name) is not { } text)
        {
            return absent;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }

        Fault(name, $"must be a whole number from {min} to {max}");
        return absent;
    }

    public int Limit() => Whole("limit", PageLimits.Default, 1, PageLimits.Max);

    public bool? Flag(string name)
    {
        switch (Text(name))
        {
            case null: return null;
            case "true" or "": return true;
            case "false": return false;
            default:
                Fault(name, "must be true or false");
                return null;
        }
    }

    public DateTimeOffset? Instant(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        // A plus sign that was not escaped arrives as a space.
        if (Rfc3339.TryParse(text.Length > 10 ? text[..11] + text[11..].Replace(' ', '+') : text, out var at))
        {
            return at;
        }

        Fault(name, "must be an instant with its offset, such as 2026-12-24T18:00:00Z");
        return null;
    }
}
