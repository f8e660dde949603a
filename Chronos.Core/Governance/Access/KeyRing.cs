using System.Collections.Immutable;
using Chronos.Core.Kernel;

namespace Chronos.Core.Governance.Access;

/// <summary>What a key ring decided: the events to keep and the answer to give once they are durable.</summary>
public sealed record KeyRingDecision(ImmutableArray<IKeyRingEvent> Events, IKeyRingReply Reply);

/// <summary>One key of the ring. A revoked one stays, so that its id is never given to another.</summary>
public sealed record KeyRecord(KeyView View, string Hash);

/// <summary>The API keys of one tenant: which exist, what they may do, which are revoked. Pure.</summary>
public sealed record KeyRing(TenantId Tenant, ImmutableSortedDictionary<string, KeyRecord> Keys)
{
    public const int MaxNameLength = 100;

    /// <summary>The ring is held in memory by every node; revoked keys count too.</summary>
    public const int MaxKeys = 10_000;

    private const int HashLength = 64;

    public static KeyRing Empty(TenantId tenant) => new(tenant, ImmutableSortedDictionary.Create<string, KeyRecord>(StringComparer.Ordinal));

    public KeyRingDecision Decide(IKeyRingCommand command, DateTimeOffset now) => command switch
    {
        KeyRingCommands.CreateKey create => Create(create, now),
        KeyRingCommands.RevokeKey revoke => Revoke(revoke, now),
        KeyRingCommands.GetKeys => new([], new KeyRingReplies.Keys(Tenant, [.. Keys.Values.Select(k => k.View)])),
        _ => throw new InvalidOperationException($"the key ring does not know {command.GetType()}"),
    };

    public KeyRing Apply(IKeyRingEvent fact) => fact switch
    {
        KeyRingEvents.KeyCreated e => this with
        {
            Keys = Keys.SetItem(e.Key.Value, new KeyRecord(new KeyView(e.Key, e.Name, e.Scopes, e.Expires, e.At, e.By, null, null), e.Hash)),
        },
        KeyRingEvents.KeyRevoked e when Keys.TryGetValue(e.Key.Value, out var key) => this with
        {
            Keys = Keys.SetItem(e.Key.Value, key with { View = key.View with { RevokedAt = e.At, RevokeReason = e.Reason } }),
        },
        _ => this,
    };

    private KeyRingDecision Create(KeyRingCommands.CreateKey command, DateTimeOffset now)
    {
        var violations = Validate(command, now);
        if (violations.Length > 0)
        {
            return Refuse(Rejection.Invalid(violations));
        }

        if (Keys.TryGetValue(command.Key.Value, out var existing))
        {
            return existing.Hash == command.Hash && existing.View.RevokedAt is null
                ? new([], new KeyRingReplies.Accepted(existing.View))
                : Refuse(Rejection.Of(RejectionCode.AlreadyExists, existing.View.RevokedAt is null
                    ? $"a key with the id {command.Key} exists" : $"the key {command.Key} was revoked; make another"));
        }

        if (Keys.Count >= MaxKeys)
        {
            return Refuse(Rejection.Of(RejectionCode.QuotaExceeded, $"a tenant may have {MaxKeys} keys"));
        }

        var created = new KeyRingEvents.KeyCreated(Tenant, command.Key, command.Name, command.Hash, command.Scopes, command.Expires, command.By, now);
        return new([created], new KeyRingReplies.Accepted(Apply(created).Keys[command.Key.Value].View));
    }

    private KeyRingDecision Revoke(KeyRingCommands.RevokeKey command, DateTimeOffset now)
    {
        if (command.Key.Value is null || !Keys.TryGetValue(command.Key.Value, out var key))
        {
            return Refuse(Rejection.Of(RejectionCode.NotFound, $"there is no key {command.Key}"));
        }

        if (key.View.RevokedAt is not null)
        {
            return new([], new KeyRingReplies.Accepted(key.View));
        }

        // Nobody could make another key, nor anything else that needs an administrator.
        if (IsAdministrator(key, now) && Keys.Values.Count(other => IsAdministrator(other, now)) == 1)
        {
            return Refuse(Rejection.Of(RejectionCode.Conflict, $"{command.Key} is the last key with the scope admin; make another one first"));
        }

        var revoked = new KeyRingEvents.KeyRevoked(Tenant, command.Key, command.Reason, command.By, now);
        return new([revoked], new KeyRingReplies.Accepted(Apply(revoked).Keys[command.Key.Value].View));
    }

    private static bool IsAdministrator(KeyRecord key, DateTimeOffset now) =>
        key.View.Scopes.HasFlag(Scopes.Admin) && key.View.RevokedAt is null && !(key.View.Expires <= now);

    private static ImmutableArray<Violation> Validate(KeyRingCommands.CreateKey command, DateTimeOffset now)
    {
        var violations = ImmutableArray.CreateBuilder<Violation>();
        if (!KeyId.TryParse(command.Key.Value, out _))
        {
            violations.Add(new Violation("id", $"must be {KeyId.Length} letters or digits"));
        }

        if (string.IsNullOrWhiteSpace(command.Name) || command.Name.Length > MaxNameLength || command.Name.Any(char.IsControl))
        {
            violations.Add(new Violation("name", $"must have 1 to {MaxNameLength} printable characters"));
        }

        if (command.Hash is not { Length: HashLength } || !command.Hash.All(char.IsAsciiHexDigitLower))
        {
            violations.Add(new Violation("hash", "must be a SHA-256 in lower-case hexadecimal"));
        }

        if (command.Scopes == Scopes.None)
        {
            violations.Add(new Violation("scopes", $"must name at least one of {string.Join(", ", ScopeWords.All)}"));
        }

        if (command.Expires <= now)
        {
            violations.Add(new Violation("expires", "must be in the future"));
        }

        return violations.ToImmutable();
    }

    private static KeyRingDecision Refuse(Rejection rejection) => new([], new KeyRingReplies.Refused(rejection));
}
