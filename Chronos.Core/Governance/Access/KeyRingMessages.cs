using System.Collections.Immutable;
using Chronos.Core.Kernel;
using Chronos.Core.Wire;

namespace Chronos.Core.Governance.Access;

/// <summary>Something asked of the key ring of a tenant. Answered by a <see cref="IKeyRingReply"/>.</summary>
public interface IKeyRingCommand : IWireMessage
{
    TenantId Tenant { get; }
}

/// <summary>What the key ring can be asked.</summary>
public static class KeyRingCommands
{
    /// <summary>A key comes into being. Creating the very same key again (same id and hash) is accepted and does nothing, so a start-up key needs no look-up.</summary>
    /// <param name="Hash"><see cref="ApiKey.Hash"/>; the key itself never reaches the entity.</param>
    public sealed record CreateKey(TenantId Tenant, KeyId Key, string Name, string Hash, Scopes Scopes, DateTimeOffset? Expires, Principal By) : IKeyRingCommand;

    /// <summary>The key stops working, for good. Revoking it again is accepted and does nothing.</summary>
    public sealed record RevokeKey(TenantId Tenant, KeyId Key, string? Reason, Principal By) : IKeyRingCommand;

    public sealed record GetKeys(TenantId Tenant) : IKeyRingCommand;
}

/// <summary>What happened to the keys of a tenant.</summary>
public interface IKeyRingEvent : IWireMessage
{
    TenantId Tenant { get; }

    KeyId Key { get; }

    Principal By { get; }

    DateTimeOffset At { get; }
}

/// <summary>The journaled facts of a key ring.</summary>
public static class KeyRingEvents
{
    public sealed record KeyCreated(TenantId Tenant, KeyId Key, string Name, string Hash, Scopes Scopes, DateTimeOffset? Expires, Principal By, DateTimeOffset At) : IKeyRingEvent;

    public sealed record KeyRevoked(TenantId Tenant, KeyId Key, string? Reason, Principal By, DateTimeOffset At) : IKeyRingEvent;
}

/// <summary>What a key ring answers.</summary>
public interface IKeyRingReply : IWireMessage;

/// <summary>The closed family of answers of a key ring.</summary>
public static class KeyRingReplies
{
    /// <summary>Durable. The key without its hash.</summary>
    public sealed record Accepted(KeyView Key) : IKeyRingReply;

    public sealed record Keys(TenantId Tenant, ImmutableArray<KeyView> Items) : IKeyRingReply;

    public sealed record Refused(Rejection Rejection) : IKeyRingReply;
}

/// <summary>A key as readers see it: everything but its hash.</summary>
public sealed record KeyView(
    KeyId Id, string Name, Scopes Scopes, DateTimeOffset? Expires, DateTimeOffset CreatedAt, Principal CreatedBy, DateTimeOffset? RevokedAt, string? RevokeReason);
