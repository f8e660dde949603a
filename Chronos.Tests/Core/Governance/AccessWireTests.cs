using System.Text;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;
using Chronos.Core.Wire;
using Xunit;

namespace Chronos.Tests.Core.Governance;

public sealed class AccessWireTests
{
    private static readonly WireCatalog Catalog = new(AccessWire.Rows);
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly KeyView View = new(new KeyId("abcdefgh"), "ci", Scopes.JobsRead | Scopes.Admin, At, At, new Principal("ann"), null, null);

    /// <summary>What was written once must be read for ever: these texts are never edited.</summary>
    public static TheoryData<string, string> Kept => new()
    {
        { "access.key-created.1", """{"tenant":"default","key":"abcdefgh","name":"ci","hash":"00","scopes":["admin","jobs:read"],"expires":"2026-01-01T00:00:00+00:00","by":"ann","at":"2026-01-01T00:00:00+00:00"}""" },
        { "access.key-revoked.1", """{"tenant":"default","key":"abcdefgh","reason":"lost","by":"ann","at":"2026-01-01T00:00:00+00:00"}""" },
    };

    public static TheoryData<string> Manifests => [.. AccessWire.Rows.Select(r => r.Manifest)];

    [Theory]
    [MemberData(nameof(Kept))]
    public void What_was_written_once_is_read_and_written_the_same(string manifest, string json) =>
        Assert.Equal(json, Encoding.UTF8.GetString(Catalog.Write(Catalog.Read(Encoding.UTF8.GetBytes(json), manifest))));

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Every_message_comes_back_as_it_went(string manifest)
    {
        var message = Examples.Single(m => Catalog.ManifestOf(m) == manifest);
        var bytes = Catalog.Write(message);
        Assert.Equal(Encoding.UTF8.GetString(bytes), Encoding.UTF8.GetString(Catalog.Write(Catalog.Read(bytes, manifest))));
        Assert.Equal(message.GetType(), Catalog.Read(bytes, manifest).GetType());
    }

    [Fact]
    public void A_scope_of_a_later_version_grants_nothing()
    {
        var json = """{"tenant":"default","key":"abcdefgh","name":"ci","hash":"00","scopes":["jobs:read","moon:write"],"by":"ann","at":"2026-01-01T00:00:00+00:00"}""";
        var created = (KeyRingEvents.KeyCreated)Catalog.Read(Encoding.UTF8.GetBytes(json), "access.key-created.1");
        Assert.Equal(Scopes.JobsRead, created.Scopes);
    }

    private static IWireMessage[] Examples =>
    [
        new KeyRingEvents.KeyCreated(TenantId.Default, View.Id, "ci", "00", View.Scopes, At, new Principal("ann"), At),
        new KeyRingEvents.KeyRevoked(TenantId.Default, View.Id, null, new Principal("ann"), At),
        new KeyRingCommands.CreateKey(TenantId.Default, View.Id, "ci", "00", View.Scopes, null, new Principal("ann")),
        new KeyRingCommands.RevokeKey(TenantId.Default, View.Id, "lost", new Principal("ann")),
        new KeyRingCommands.GetKeys(TenantId.Default),
        new KeyRingReplies.Accepted(View),
        new KeyRingReplies.Keys(TenantId.Default, [View]),
        new KeyRingReplies.Refused(Rejection.Invalid("name", "is missing")),
    ];
}
