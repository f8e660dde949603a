namespace Chronos.Core.Jobs;

/// <summary>The bounds of a job document. What is longer, larger or deeper is refused with its field named, never cut.</summary>
public static class JobDocumentLimits
{
    /// <summary>One document, in bytes of JSON.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Nesting of objects and lists, the payload included.</summary>
    public const int MaxDepth = 32;

    /// <summary>Documents of one file or one <c>apply</c>.</summary>
    public const int MaxDocuments = 10_000;

    public const int MaxDescription = 4096;

    public const int MaxOwner = 256;

    public const int MaxPayloadBytes = 256 * 1024;

    public const int MaxTags = 50;

    public const int MaxTagName = 63;

    public const int MaxTagValue = 256;

    public const int MaxSecrets = 50;

    public const int MaxSecretName = 128;

    public const int MaxAttempts = 100;

    public const double MaxMultiplier = 100;

    public const int MaxConcurrency = 1000;

    public const int MaxQueue = 10_000;

    public const int MaxCatchUp = 10_000;

    public static readonly TimeSpan MinDuration = TimeSpan.FromMilliseconds(1);

    /// <summary>Of timeouts, deadlines and retry intervals.</summary>
    public static readonly TimeSpan MaxDuration = TimeSpan.FromDays(30);

    public static readonly TimeSpan MaxMisfireWindow = TimeSpan.FromDays(366);

    /// <summary>A slot is always a little late; a grace below this would make every slot a misfire.</summary>
    public static readonly TimeSpan MinMisfireGrace = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan MaxMisfireGrace = TimeSpan.FromDays(1);
}
