using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Governance;

public sealed class KeyRingTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ApiKey Key = ApiKey.From([.. Enumerable.Range(0, ApiKey.EntropyBytes).Select(i => (byte)(i * 7))]);
    private static readonly Principal Ann = new("ann");

    [Fact]
    public void A_created_key_is_known_by_its_hash_and_shown_without_it()
    {
        var (ring, reply) = Do(KeyRing.Empty(TenantId.Default), Create());
        var view = Assert.IsType<KeyRingReplies.Accepted>(reply).Key;
        Assert.Equal((Key.Id, "ci", Scopes.JobsRead, Now, Ann), (view.Id, view.Name, view.Scopes, view.CreatedAt, view.CreatedBy));
        Assert.True(Key.Matches(ring.Keys[Key.Id.Value].Hash));
        Assert.DoesNotContain(Key.Hash, reply.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Creating_the_same_key_again_does_nothing_and_another_under_its_id_is_refused()
    {
        var (ring, _) = Do(KeyRing.Empty(TenantId.Default), Create());
        Assert.Empty(ring.Decide(Create(), Now).Events);
        Assert.IsType<KeyRingReplies.Accepted>(ring.Decide(Create(), Now).Reply);
        Assert.Equal(RejectionCode.AlreadyExists, Refusal(ring.Decide(Create() with { Hash = new string('a', 64) }, Now)));
    }

    [Fact]
    public void A_revoked_key_stays_revoked_and_its_id_is_never_given_again()
    {
        var (ring, _) = Do(KeyRing.Empty(TenantId.Default), Create());
        var revoke = new KeyRingCommands.RevokeKey(TenantId.Default, Key.Id, "lost", Ann);
        (ring, var reply) = Do(ring, revoke);
        Assert.Equal((Now, "lost"), (Assert.IsType<KeyRingReplies.Accepted>(reply).Key.RevokedAt, ring.Keys[Key.Id.Value].View.RevokeReason));
        Assert.Empty(ring.Decide(revoke, Now).Events);
        Assert.Equal(RejectionCode.AlreadyExists, Refusal(ring.Decide(Create(), Now)));
        Assert.Equal(RejectionCode.NotFound, Refusal(ring.Decide(revoke with { Key = new KeyId("nosuchid") }, Now)));
    }

    [Fact]
    public void The_last_administrator_stays_until_there_is_another()
    {
        var (ring, _) = Do(KeyRing.Empty(TenantId.Default), Create() with { Scopes = Scopes.Admin });
        var revoke = new KeyRingCommands.RevokeKey(TenantId.Default, Key.Id, null, Ann);
        Assert.Equal(RejectionCode.Conflict, Refusal(ring.Decide(revoke, Now)));
        (ring, _) = Do(ring, Create() with { Key = new KeyId("abcdefg2"), Expires = Now.AddMinutes(1), Scopes = Scopes.Admin });
        Assert.IsType<KeyRingReplies.Accepted>(ring.Decide(revoke, Now).Reply);
        Assert.Equal(RejectionCode.Conflict, Refusal(ring.Decide(revoke, Now.AddMinutes(1))));
    }

    [Fact]
    public void Everything_that_is_wrong_with_a_key_is_named()
    {
        var decision = KeyRing.Empty(TenantId.Default).Decide(
            new KeyRingCommands.CreateKey(TenantId.Default, new KeyId("x"), " ", "short", Scopes.None, Now, Ann), Now);
        var refused = Assert.IsType<KeyRingReplies.Refused>(decision.Reply).Rejection;
        Assert.Equal(["expires", "hash", "id", "name", "scopes"], refused.Violations.Select(v => v.Field).Order());
        Assert.Empty(decision.Events);
    }

    [Theory]
    [InlineData("chr_abcdefgh_0123456789abcdef0123456789abcdef", true)]
    [InlineData("chr_abcdefgh_0123456789abcdef0123456789abcde", false)]
    [InlineData("chr_abcdefg_0123456789abcdef0123456789abcdef0", false)]
    [InlineData("CHR_abcdefgh_0123456789abcdef0123456789abcdef", false)]
    [InlineData("chr_abcdefgh_0123456789abcdef0123456789abcde ", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_key_has_one_form(string? text, bool valid) => Assert.Equal(valid, ApiKey.TryParse(text, out _));

    [Fact]
    public void A_made_key_parses_matches_itself_alone_and_never_prints_its_secret()
    {
        Assert.True(ApiKey.TryParse(Key.Text, out var parsed));
        Assert.Equal(Key.Id, parsed.Id);
        Assert.True(parsed.Matches(Key.Hash));
        Assert.True(ApiKey.TryParse(Key.Text[..^1] + (Key.Text[^1] == 'a' ? 'b' : 'a'), out var other));
        Assert.False(other.Matches(Key.Hash));
        Assert.False(Key.Matches(""));
        Assert.DoesNotContain(Key.Text[14..], Key.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Administrators_may_everything_and_others_what_they_were_granted()
    {
        Assert.True(Scopes.Admin.Allows(Scopes.KeysWrite | Scopes.ClusterWrite));
        Assert.True((Scopes.JobsRead | Scopes.JobsWrite).Allows(Scopes.JobsRead));
        Assert.False(Scopes.JobsRead.Allows(Scopes.JobsRead | Scopes.JobsWrite));
        Assert.All(ScopeWords.All, word => Assert.True(ScopeWords.TryParse(word, out var scope) && ScopeWords.Of(scope).Single() == word));
        Assert.False(ScopeWords.TryParse("jobs", out _));
        Assert.Equal(Enum.GetValues<Scopes>().Length - 1, ScopeWords.All.Length);
    }

    private static KeyRingCommands.CreateKey Create() => new(TenantId.Default, Key.Id, "ci", Key.Hash, Scopes.JobsRead, null, Ann);

    private static (KeyRing Ring, IKeyRingReply Reply) Do(KeyRing ring, IKeyRingCommand command)
    {
        var decision = ring.Decide(command, Now);
        return (decision.Events.Aggregate(ring, (state, fact) => state.Apply(fact)), decision.Reply);
    }

    private static RejectionCode Refusal(KeyRingDecision decision) => Assert.IsType<KeyRingReplies.Refused>(decision.Reply).Rejection.Code;
}
