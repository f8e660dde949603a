using System.Text;
using Chronos.Actors.Dispatching.Http;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

public sealed class StandardWebhooksTests
{
    [Fact]
    public void The_published_example_is_signed_as_published()
    {
        var signature = StandardWebhooks.Sign(
            StandardWebhooks.Key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")!, "msg_p5jXN8AQM9LWM0D4loKWxJek",
            DateTimeOffset.FromUnixTimeSeconds(1614265330), Encoding.UTF8.GetBytes("""{"test": 2432232314}"""));

        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature);
    }

    [Fact]
    public void A_secret_without_the_prefix_is_the_key_itself() => Assert.Equal("raw key"u8.ToArray(), StandardWebhooks.Key("raw key"));

    [Theory]
    [InlineData("whsec_")]
    [InlineData("whsec_not base64!")]
    public void A_prefix_without_base64_is_no_key(string secret) => Assert.Null(StandardWebhooks.Key(secret));
}
