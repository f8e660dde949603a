using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Kernel;

public sealed class Rfc3339Tests
{
    [Theory]
    [InlineData("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z")]
    [InlineData("2026-01-02t03:04:05z", "2026-01-02T03:04:05Z")]
    [InlineData("2026-01-02T03:04Z", "2026-01-02T03:04:00Z")]
    [InlineData("2026-01-02 03:04:05+02:00", "2026-01-02T01:04:05Z")]
    [InlineData("2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.1234567Z")]
    [InlineData("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.1234567Z")]
    [InlineData("2026-01-02T03:04:05.000000000+01:00", "2026-01-02T02:04:05Z")]
    [InlineData("2026-01-02T23:59:59.99999999999999999999Z", "2026-01-02T23:59:59.9999999Z")]
    public void An_instant_is_read_with_any_number_of_digits(string text, string written)
    {
        Assert.True(Rfc3339.TryParse(text, out var at));
        Assert.Equal(written, Rfc3339.Format(at));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("2026-01-02T03:04:05")]
    [InlineData("2026-01-02T03:04:05.Z")]
    [InlineData("2026-01-02T03:04:05.12345678x9Z")]
    [InlineData("2026-01-02T03:04:05.123456789")]
    [InlineData("2026.12345678901-02T03:04:05Z")]
    [InlineData("2026-02-29T03:04:05Z")]
    [InlineData("2026-01-02T24:00:00Z")]
    public void What_is_no_instant_is_refused(string? text) => Assert.False(Rfc3339.TryParse(text, out _));
}
