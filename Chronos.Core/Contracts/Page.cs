using System.Collections.Immutable;

namespace Chronos.Core.Contracts;

/// <summary>One page of a list.</summary>
/// <param name="NextCursor">Where the next page begins; absent on the last. Opaque: it belongs to the very list and filter that gave it.</param>
public sealed record Page<T>(ImmutableArray<T> Items, string? NextCursor);

/// <summary>How many items a page may have.</summary>
public static class PageLimits
{
    public const int Default = 50;

    public const int Max = 500;
}
