namespace Chronos.Core.Wire;

/// <summary>How new the shapes are that a build writes. A build that finds something of a higher level may have read less than was written.</summary>
public static class WireLevel
{
    /// <summary>Raised by one with each release that adds a field or a type to what is stored; a law compares the shapes.</summary>
    public const int Current = 2;
}
