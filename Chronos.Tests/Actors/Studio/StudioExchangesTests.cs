using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Chronos.Actors.Studio;
using Chronos.Core.Contracts;
using Xunit;

namespace Chronos.Tests.Actors.Studio;

public sealed class StudioExchangesTests
{
    private readonly StudioExchanges _exchanges = new();

    [Fact]
    public void The_last_hundred_of_a_user_are_kept_newest_first()
    {
        for (var n = 1; n <= 150; n++)
        {
            _exchanges.Add("ann", Exchange(n, ""));
        }

        var kept = _exchanges.Of("ann");
        Assert.Equal(Enumerable.Range(51, 100).Reverse().Select(n => n.ToString(CultureInfo.InvariantCulture)), kept.Select(exchange => exchange.Id));
        Assert.Null(_exchanges.Find("ann", "50"));
        Assert.NotNull(_exchanges.Find("ann", "51"));
    }

    [Fact]
    public void Nobody_sees_those_of_another()
    {
        _exchanges.Add("ann", Exchange(1, ""));
        Assert.Empty(_exchanges.Of("bob"));
        Assert.Null(_exchanges.Find("bob", "1"));
    }

    [Fact]
    public void Memory_is_bounded_over_all_users()
    {
        var body = new string('x', 1024 * 1024);
        for (var n = 0; n < 200; n++)
        {
            _exchanges.Add($"user-{n}", Exchange(n, body));
        }

        Assert.InRange(_exchanges.Text, 1, StudioExchanges.MostText);
        Assert.Empty(_exchanges.Of("user-0"));
        Assert.Single(_exchanges.Of("user-199"));
    }

    private static StudioExchange Exchange(int number, string body) => new(
        number.ToString(CultureInfo.InvariantCulture), DateTimeOffset.UnixEpoch, "key:ann", true, "none", null, [],
        new StudioResponse(200, null, [], null, body, body.Length, ImmutableSortedDictionary<string, string>.Empty),
        new StudioTimings(null, null, null, null, 1), new StudioConnection(null, null, null, null), JsonDocument.Parse("{}").RootElement, [], 30_000);
}
