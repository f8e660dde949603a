using Chronos.Tests.Cli.Kit;
using Xunit;

namespace Chronos.Tests.Cli;

public sealed class KeyTests
{
    [Fact]
    public async Task Key_create_prints_the_secret_alone_on_stdout()
    {
        await using var node = await StandInNode.AnsweringAsync("""{"id":"abcd1234","name":"ci","scopes":["jobs:read"],"key":"chr_abcd1234_secret"}""");
        using var cli = new CliRun();

        var result = await cli.AtAsync(node, "key", "create", "ci", "--scope", "jobs:read", "--scope", "jobs:write", "--expires", "+30d");

        Assert.Equal("chr_abcd1234_secret\n", result.Out);
        Assert.Contains("not shown again", result.Error, StringComparison.Ordinal);
        Assert.Null(node.Only.Header("Idempotency-Key"));
        Assert.Equal("""{"name":"ci","scopes":["jobs:read","jobs:write"],"expires_at":"2026-04-27T12:00:00Z"}""", node.Only.Body);
    }
}
