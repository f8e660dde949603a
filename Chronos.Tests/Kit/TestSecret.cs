namespace Chronos.Tests.Kit;

/// <summary>The credential that brokers and servers of tests take: with characters that look different in every encoding.</summary>
internal static class TestSecret
{
    public const string Value = "s3cr3t/+value==&\"x";
}
