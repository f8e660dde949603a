using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Hashing;
using System.Text;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>How often, how far apart and after what a failed attempt is tried again.</summary>
public sealed record RetryPolicy(
    int MaxAttempts, TimeSpan InitialInterval, TimeSpan MaxInterval, double Multiplier, double Jitter, ImmutableArray<FailureClass> RetryOn)
{
    public static readonly RetryPolicy Default = new(
        3, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), 2.0, 0.2,
        [FailureClass.Timeout, FailureClass.Connect, FailureClass.ServerError, FailureClass.TooManyRequests]);

    public bool Retries(FailureClass failure) => RetryOn.Contains(failure);

    /// <summary>
    /// The pause before attempt <paramref name="next"/> (2 is the first retry): exponential back-off, capped, then spread by
    /// ± <see cref="Jitter"/>. The spread is derived from the identity, so that a replay computes the same.
    /// </summary>
    public TimeSpan DelayBefore(int next, ExecutionId execution)
    {
        var raw = InitialInterval.TotalMilliseconds * Math.Pow(Multiplier, Math.Max(0, next - 2));
        var capped = Math.Min(double.IsFinite(raw) ? raw : double.MaxValue, MaxInterval.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(capped * (1 + (Jitter * ((2 * Unit(execution, next)) - 1))));
    }

    public bool Equals(RetryPolicy? other) =>
        other is not null && MaxAttempts == other.MaxAttempts && InitialInterval == other.InitialInterval && MaxInterval == other.MaxInterval
        && Multiplier.Equals(other.Multiplier) && Jitter.Equals(other.Jitter) && RetryOn.SequenceEqual(other.RetryOn);

    public override int GetHashCode() => HashCode.Combine(MaxAttempts, InitialInterval, MaxInterval, Multiplier, Jitter);

    private static double Unit(ExecutionId execution, int attempt)
    {
        Span<byte> bytes = stackalloc byte[Encoding.UTF8.GetMaxByteCount(execution.Value.Length) + 4];
        var length = Encoding.UTF8.GetBytes(execution.Value, bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[length..], attempt);
        return (XxHash3.HashToUInt64(bytes[..(length + 4)]) >> 11) * (1.0 / (1UL << 53));
    }
}
