using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;
using Chronos.Host.Http;

namespace Chronos.Host.Keys;

/// <summary>Body of a new key.</summary>
internal sealed record KeyBody(string Name, ImmutableArray<string>? Scopes, DateTimeOffset? ExpiresAt);

/// <summary>A key without its secret.</summary>
internal sealed record KeyResource(
    string Id, string Name, ImmutableArray<string> Scopes, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, string? RevokeReason)
{
    public static KeyResource Of(KeyView k) => new(
        k.Id.Value, k.Name, ScopeWords.Of(k.Scopes), k.CreatedAt, k.CreatedBy.Name, k.Expires, k.RevokedAt, k.RevokeReason);
}

/// <summary>A new key, with its secret: shown this once.</summary>
internal sealed record NewKeyView(string Id, string Name, string Key, ImmutableArray<string> Scopes, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? ExpiresAt);

/// <summary>A page of keys, by id.</summary>
internal sealed record KeyListView(ImmutableArray<KeyResource> Items, string? NextCursor);

/// <summary>API keys: who may do what.</summary>
internal static class KeyEndpoints
{
    public static RouteGroupBuilder MapKeys(this RouteGroupBuilder api)
    {
        api.MapGet("/keys", List).WithName("list_keys").WithSummary("Keys, without their secrets").Needs(Scopes.KeysRead)
            .Takes(QueryParameters.Limit, QueryParameters.Cursor).Produces<KeyListView>().Refuses(400);
        api.MapPost("/keys", Create).WithName("create_key").WithSummary("A new key; its secret is shown only now").Needs(Scopes.KeysWrite)
            .Accepts<KeyBody>("application/json").Produces<NewKeyView>(201).Refuses(400, 415);
        api.MapDelete("/keys/{id}", Revoke).WithName("revoke_key").WithSummary("End a key, at once and for good").Needs(Scopes.KeysWrite)
            .Takes(new QueryParameter("reason", "string", "Why, for the audit")).Produces<KeyResource>().Refuses(400, 404, 409);
        return api;
    }

    private static async Task<IResult> List(HttpContext http, KeyRings rings, CancellationToken cancellation)
    {
        var query = new Query(http);
        var limit = query.Limit();
        var after = 0;
        if (query.Text("cursor") is { } cursor && !int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            query.Fault("cursor", "is not one that this list gave");
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        var keys = ((KeyRingReplies.Keys)await rings.Ask(new KeyRingCommands.GetKeys(http.Tenant()), cancellation)).Items;
        var next = after + limit < keys.Length ? (after + limit).ToString(CultureInfo.InvariantCulture) : null;
        return Results.Json(new KeyListView([.. keys.Skip(after).Take(limit).Select(KeyResource.Of)], next), ApiJson.Api.KeyListView);
    }

    private static async Task<IResult> Create(HttpContext http, KeyRings rings, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        var name = ask.Fields?.Text("name", KeyRing.MaxNameLength);
        var expires = ask.Fields?.Instant("expires_at");
        var scopes = ReadScopes(ask);
        if (ask.Request is not null)
        {
            // The secret is shown once and kept nowhere, so an answer cannot be repeated.
            ask.Fault("Idempotency-Key", "is not supported here: a key is shown only once; revoke the one whose answer was lost");
        }

        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        if (!http.Grant().Scopes.Allows(scopes))
        {
            return ProblemResult.Of(Rejection.Of(RejectionCode.Forbidden, "a key cannot give more than it has"));
        }

        var key = ApiKey.From(RandomNumberGenerator.GetBytes(ApiKey.EntropyBytes));
        var reply = await rings.Ask(new KeyRingCommands.CreateKey(http.Tenant(), key.Id, name ?? "", key.Hash, scopes, expires, http.Principal()), cancellation);
        if (reply is not KeyRingReplies.Accepted { Key: var made })
        {
            return ProblemResult.Of(((KeyRingReplies.Refused)reply).Rejection);
        }

        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.Location = $"/api/v1/keys/{made.Id}";
        return Results.Json(
            new NewKeyView(made.Id.Value, made.Name, key.Text, ScopeWords.Of(made.Scopes), made.CreatedAt, made.CreatedBy.Name, made.Expires),
            ApiJson.Api.NewKeyView, statusCode: 201);
    }

    private static async Task<IResult> Revoke(HttpContext http, string id, KeyRings rings, CancellationToken cancellation)
    {
        var query = new Query(http);
        var reason = query.Text("reason");
        if (reason?.Length > 1000)
        {
            query.Fault("reason", "is longer than 1000 characters");
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        if (!KeyId.TryParse(id, out var key))
        {
            return ProblemResult.NotFound("there is no such key");
        }

        var reply = await rings.Ask(new KeyRingCommands.RevokeKey(http.Tenant(), key, reason, http.Principal()), cancellation);
        return reply is KeyRingReplies.Accepted accepted
            ? Results.Json(KeyResource.Of(accepted.Key), ApiJson.Api.KeyResource)
            : ProblemResult.Of(((KeyRingReplies.Refused)reply).Rejection);
    }

    private static Scopes ReadScopes(Asked ask)
    {
        var scopes = Scopes.None;
        foreach (var (path, value) in ask.Fields?.List("scopes", ScopeWords.All.Length) ?? [])
        {
            if (value.ValueKind == System.Text.Json.JsonValueKind.String && ScopeWords.TryParse(value.GetString(), out var scope))
            {
                scopes |= scope;
            }
            else
            {
                ask.Fault(path, $"must be one of {string.Join(", ", ScopeWords.All)}");
            }
        }

        return scopes;
    }
}
