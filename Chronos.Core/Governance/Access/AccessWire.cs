using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Chronos.Core.Wire;

namespace Chronos.Core.Governance.Access;

/// <summary>The wire rows of the access room.</summary>
public static class AccessWire
{
    public static readonly ImmutableArray<WireRow> Rows =
    [
        WireRow.Of("access.key-created.1", AccessJson.Default.KeyCreated),
        WireRow.Of("access.key-revoked.1", AccessJson.Default.KeyRevoked),
        WireRow.Of("access.create-key.1", AccessJson.Default.CreateKey),
        WireRow.Of("access.revoke-key.1", AccessJson.Default.RevokeKey),
        WireRow.Of("access.get-keys.1", AccessJson.Default.GetKeys),
        WireRow.Of("access.accepted.1", AccessJson.Default.Accepted),
        WireRow.Of("access.keys.1", AccessJson.Default.Keys),
        WireRow.Of("access.refused.1", AccessJson.Default.Refused),
    ];
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(KeyRingEvents.KeyCreated))]
[JsonSerializable(typeof(KeyRingEvents.KeyRevoked))]
[JsonSerializable(typeof(KeyRingCommands.CreateKey))]
[JsonSerializable(typeof(KeyRingCommands.RevokeKey))]
[JsonSerializable(typeof(KeyRingCommands.GetKeys))]
[JsonSerializable(typeof(KeyRingReplies.Accepted))]
[JsonSerializable(typeof(KeyRingReplies.Keys))]
[JsonSerializable(typeof(KeyRingReplies.Refused))]
internal sealed partial class AccessJson : JsonSerializerContext;
