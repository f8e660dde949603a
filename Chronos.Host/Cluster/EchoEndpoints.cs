using System.Collections.Immutable;
using System.Text;
using Chronos.Host.Http;

namespace Chronos.Host.Cluster;

/// <summary>The target of dev mode: answers with what it got, so that a first job can be seen to arrive.</summary>
internal static class EchoEndpoints
{
    public static void MapEcho(this IEndpointRouteBuilder root) =>
        root.Map("/echo/{**rest}", Echo).IsOpenToAll().ExcludeFromDescription();

    private static async Task<IResult> Echo(HttpContext http, CancellationToken cancellation)
    {
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(cancellation);
        return Results.Json(
            new EchoView(
                http.Request.Method, http.Request.Path, http.Request.QueryString.Value is { Length: > 0 } query ? query : null,
                http.Request.Headers.ToImmutableSortedDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString(), StringComparer.Ordinal), body),
            ApiJson.Api.EchoView);
    }
}
