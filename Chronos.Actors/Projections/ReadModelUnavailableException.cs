namespace Chronos.Actors.Projections;

/// <summary>The read database is damaged and is being rebuilt, or it cannot be opened. Passing: the caller may try again.</summary>
public sealed class ReadModelUnavailableException : Exception
{
    public ReadModelUnavailableException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
