using Microsoft.AspNetCore.Http.Metadata;

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

        builder.Add(RefusesWhatAllRefuse);
        return builder;
    }

    /// <summary>Parameters that nobody knows; and where there may be a body, one of another type and one that is too large.</summary>
    private static void RefusesWhatAllRefuse(EndpointBuilder endpoint)
    {
        var known = endpoint.Metadata.OfType<IProducesResponseTypeMetadata>().Select(m => m.StatusCode).ToHashSet();
        var isRead = endpoint.Metadata.OfType<IHttpMethodMetadata>().Any(m => m.HttpMethods.All(HttpMethods.IsGet));
        int[] wanted = isRead ? [400] : endpoint.Metadata.OfType<IAcceptsMetadata>().Any() ? [400, 413, 415] : [400, 413];
        foreach (var status in wanted.Where(known.Add))
        {
            endpoint.Metadata.Add(new ProducesResponseTypeMetadata(status, typeof(Problem), ["application/problem+json"]));
        }
    }

    /// <summary>A JSON body that may be left out, under whatever content type it comes: who reports an end has no key to be told more than "who are you?".</summary>
    public static RouteHandlerBuilder TakesJsonAsAnything<T>(this RouteHandlerBuilder builder)
        where T : notnull => builder.Accepts<T>(isOptional: true, "application/json", "*/*");

    /// <summary>A JSON body that may be left out.</summary>
    public static RouteHandlerBuilder TakesOptional<T>(this RouteHandlerBuilder builder)
        where T : notnull => builder.Accepts<T>(isOptional: true, "application/json");
}
