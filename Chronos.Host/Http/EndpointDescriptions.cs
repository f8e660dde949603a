namespace Chronos.Host.Http;

/// <summary>What endpoints take and answer, for the OpenAPI document.</summary>
internal static class EndpointDescriptions
{
    /// <summary>The refusals of an endpoint, besides those that all share.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder builder, params int[] statuses)
    {
        foreach (var status in statuses.Concat([401, 403, 503]))
        {
            builder.Produces<Problem>(status, "application/problem+json");
        }

        return builder;
    }

    /// <summary>A JSON body that may be left out.</summary>
    public static RouteHandlerBuilder TakesOptional<T>(this RouteHandlerBuilder builder)
        where T : notnull => builder.Accepts<T>(isOptional: true, "application/json");
}
