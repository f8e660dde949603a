using System.Security.Cryptography;
using System.Text;
using Chronos.Actors.NodeStore;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;
using Microsoft.AspNetCore.Http.Features;

namespace Chronos.Host.Http;

/// <summary>What a caller must be allowed to do for an endpoint.</summary>
internal sealed record NeedsScope(Scopes Scope);

/// <summary>Marks an endpoint that everybody may use.</summary>
internal sealed record OpenToAll;

/// <summary>Marks an endpoint that a target may use with the token of its attempt instead of a key; the endpoint looks whose it is.</summary>
internal sealed record AlsoByCallbackToken;

/// <summary>Declares access on endpoints, and reads who calls.</summary>
internal static class Access
{
    public static TBuilder Needs<TBuilder>(this TBuilder builder, Scopes scope)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new NeedsScope(scope));

    public static TBuilder IsOpenToAll<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new OpenToAll());

    public static TBuilder TakesCallbackToken<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AlsoByCallbackToken());

    /// <summary>The token of an attempt that the caller shows instead of a key; it counts where the endpoint takes one.</summary>
    public static string? CallbackToken(this HttpContext http) => http.Request.Headers["X-Chronos-Callback-Token"].ToString() is { Length: > 0 } token ? token : null;

    public static KeyGrant Grant(this HttpContext http) => http.Features.GetRequiredFeature<KeyGrant>();

    public static TenantId Tenant(this HttpContext http) => http.Grant().Tenant;

    public static Principal Principal(this HttpContext http) => http.Grant().Principal;
}

/// <summary>Lets a request through when its key allows what the endpoint needs. An endpoint that declares nothing needs everything.</summary>
internal sealed class AccessCheck(RequestDelegate next, KeyDirectory keys)
{
    private const int MaxKeyLength = 256;

    public Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint() is not { } endpoint || endpoint.Metadata.GetMetadata<OpenToAll>() is not null)
        {
            return next(http);
        }

        if (endpoint.Metadata.GetMetadata<AlsoByCallbackToken>() is not null && http.CallbackToken() is not null)
        {
            return next(http);
        }

        if (Authenticate(http) is not { } grant)
        {
            return Refuse(http, RejectionCode.Unauthenticated, "a valid API key is needed, as X-API-Key or Authorization: Bearer");
        }

        var needed = endpoint.Metadata.GetMetadata<NeedsScope>()?.Scope ?? Scopes.Admin;
        if (!grant.Scopes.Allows(needed))
        {
            return Refuse(http, RejectionCode.Forbidden, $"the key '{grant.Name}' lacks {string.Join(", ", ScopeWords.Of(needed))}");
        }

        http.Features.Set(grant);
        return next(http);
    }

    private KeyGrant? Authenticate(HttpContext http)
    {
        var text = http.Request.Headers["X-API-Key"].ToString();
        if (text.Length == 0 && http.Request.Headers.Authorization.ToString() is var header && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            text = header[7..].Trim();
        }

        return text.Length is 0 or > MaxKeyLength ? null : keys.Authenticate(OwnKey.Of(text).Text);
    }

    private static Task Refuse(HttpContext http, RejectionCode code, string message) => ProblemResult.Of(Rejection.Of(code, message)).ExecuteAsync(http);
}

/// <summary>A key that an operator chose (<c>CHRONOS_ADMIN_KEY</c>) in the shape of the keys that we make.</summary>
internal static class OwnKey
{
    /// <summary>One of our own keys is itself; of any other text the key is derived, always the same.</summary>
    public static ApiKey Of(string text) =>
        ApiKey.TryParse(text, out var key) ? key : ApiKey.From(SHA512.HashData(Encoding.UTF8.GetBytes($"chronos-own-key:{text}")).AsSpan(0, ApiKey.EntropyBytes));
}
