namespace Chronos.Actors.Projections;

/// <summary>The read model is not what was written: only the journal helps.</summary>
internal sealed class DamagedReadModelException(string message) : Exception(message);
