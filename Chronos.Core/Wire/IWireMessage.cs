namespace Chronos.Core.Wire;

/// <summary>
/// Everything that is written to the journal or crosses a node. The one interface that is bound to the one serializer;
/// each type has one row in a <see cref="WireCatalog"/>.
/// </summary>
public interface IWireMessage;
