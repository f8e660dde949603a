using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Xunit;

namespace Chronos.Tests.Core.Dispatching;

public sealed class DispatchTargetTests
{
    private static readonly DispatchTarget Target = new(Protocol.Http, """{"url":"https://a.example/x"}""") { CloudEvent = "{}" };

    /// <remarks>Equality is written by hand, because the name that a target remembers is no part of it: a new property belongs there too.</remarks>
    [Fact]
    public void Targets_that_differ_in_anything_are_not_equal()
    {
        DispatchTarget[] others = [Target with { Protocol = Protocol.Grpc }, Target with { Section = "{}" }, Target with { CloudEvent = null }];

        Assert.Equal(typeof(DispatchTarget).GetProperties().Length, others.Length);
        Assert.All(others, other => Assert.NotEqual(Target, other));
        Assert.Equal(Target, Target with { });
        Assert.Equal(Target.GetHashCode(), (Target with { }).GetHashCode());
    }

    [Fact]
    public void A_copy_with_another_address_has_another_name()
    {
        Assert.Equal("https://a.example:443", TargetName.Of(Target));
        Assert.Equal("https://b.example:443", TargetName.Of(Target with { Section = """{"url":"https://b.example/x"}""" }));
        Assert.Equal(Target, new DispatchTarget(Protocol.Http, Target.Section) { CloudEvent = "{}" });
    }
}
