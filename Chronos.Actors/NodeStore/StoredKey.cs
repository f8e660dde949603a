using System.Collections.Immutable;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;

namespace Chronos.Actors.NodeStore;

/// <summary>A key as the node store keeps it.</summary>
internal sealed record StoredKey(TenantId Tenant, KeyId Id, string Name, string Hash, Scopes Scopes, DateTimeOffset? Expires, bool Revoked)
{
    public static ImmutableDictionary<string, StoredKey> Fold(ImmutableDictionary<string, StoredKey> keys, IKeyRingEvent fact) => fact switch
    {
        KeyRingEvents.KeyCreated e when !keys.ContainsKey(e.Key.Value) =>
            keys.Add(e.Key.Value, new StoredKey(e.Tenant, e.Key, e.Name, e.Hash, e.Scopes, e.Expires, Revoked: false)),
        KeyRingEvents.KeyRevoked e when keys.TryGetValue(e.Key.Value, out var key) && !key.Revoked && key.Tenant == e.Tenant =>
            keys.SetItem(e.Key.Value, key with { Revoked = true }),
        _ => keys,
    };

    /// <summary>The union of both; a key that either side knows as revoked is revoked.</summary>
    public static ImmutableDictionary<string, StoredKey> Merge(ImmutableDictionary<string, StoredKey> keys, IEnumerable<StoredKey> others)
    {
        var merged = keys.ToBuilder();
        foreach (var other in others)
        {
            merged[other.Id.Value] = merged.TryGetValue(other.Id.Value, out var known) && known.Revoked ? known : other;
        }

        return merged.ToImmutable();
    }
}
