namespace Chronos.Actors.Projections;

/// <summary>The file of the read models.</summary>
public sealed class ReadDatabase
{
}
