namespace Chronos.Core.Diagnosis;

/// <summary>How bad a finding is.</summary>
public enum FindingLevel
{
    /// <summary>Looked at and found well.</summary>
    Ok,

    /// <summary>Works, but will not for long, or not as meant.</summary>
    Warning,

    /// <summary>Something does not work, or schedules are wrong.</summary>
    Fault,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Check">Stable name of what was looked at.</param>
/// <param name="Node">Where, if it is of one node.</param>
/// <param name="Advice">What to do; absent when nothing is to be done.</param>
public sealed record Finding(string Check, FindingLevel Level, string? Node, string Message, string? Advice);
