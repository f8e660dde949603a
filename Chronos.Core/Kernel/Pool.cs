namespace Chronos.Core.Kernel;

/// <summary>
/// Values that were seen lately, so that equal ones of many jobs are one object: of a million jobs most share zone, policies, target and many
/// the schedule. Bounded: a slot holds the last value that hashed to it. Safe from many threads: at worst two equal values stay two.
/// </summary>
internal static class Pool<T>
    where T : class, IEquatable<T>
{
    private static readonly T?[] Slots = new T?[1 << 12];

    public static T Of(T value)
    {
        // The high bits of a hash of strings are as good as the low ones; both are used.
        var hash = value.GetHashCode();
        ref var slot = ref Slots[(hash ^ (hash >> 12)) & (Slots.Length - 1)];
        return slot is { } known && known.Equals(value) ? known : slot = value;
    }
}
