using System.Collections.Immutable;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;

namespace Chronos.Actors.NodeStore;

/// <summary>Who a key belongs to and what it allows.</summary>
public sealed record KeyGrant(TenantId Tenant, KeyId Id, string Name, Scopes Scopes)
{
    /// <summary>How the holder appears in events and audit.</summary>
    public Principal Principal => new($"key:{Name}");
}

/// <summary>
/// The API keys in the memory of this node, for every request: an immutable snapshot that is exchanged as a whole, so that
/// readers take no lock and do no I/O.
/// </summary>
/// <remarks>
/// Fed from two sides, the node store (journal, LiteDB) and a key ring that lives on this node. That is safe because a key only
/// ever goes from unknown to created to revoked: a fact that arrives late or twice changes nothing.
/// </remarks>
public sealed class KeyDirectory(TimeProvider time)
{
    private ImmutableDictionary<string, StoredKey> _keys = ImmutableDictionary.Create<string, StoredKey>(StringComparer.Ordinal);

    public int Count => _keys.Count;

    /// <summary>The grant of the key, or null: malformed, unknown, wrong secret, revoked or expired are told apart to nobody.</summary>
    public KeyGrant? Authenticate(string? text)
    {
        if (!ApiKey.TryParse(text, out var key) || !_keys.TryGetValue(key.Id.Value, out var stored) || !key.Matches(stored.Hash))
        {
            return null;
        }

        return stored.Revoked || stored.Expires <= time.GetUtcNow() ? null : new KeyGrant(stored.Tenant, stored.Id, stored.Name, stored.Scopes);
    }

    internal ImmutableDictionary<string, StoredKey> Snapshot => _keys;

    internal void Learn(IKeyRingEvent fact) => ImmutableInterlocked.Update(ref _keys, static (keys, e) => StoredKey.Fold(keys, e), fact);

    internal void Learn(IEnumerable<StoredKey> stored) => ImmutableInterlocked.Update(ref _keys, StoredKey.Merge, stored);
}
