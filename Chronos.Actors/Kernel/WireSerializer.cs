using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Hosting;
using Akka.Serialization;
using Chronos.Core.Wire;

namespace Chronos.Actors.Kernel;

/// <summary>Hands the catalog of wire types to the serializer, which Akka creates by itself.</summary>
public sealed class WireSetup(WireCatalog catalog) : Setup
{
    public WireCatalog Catalog { get; } = catalog;
}

/// <summary>
/// The one serializer of Chronos, for the journal, for snapshots and between nodes: System.Text.Json by the rows of a
/// <see cref="WireCatalog"/>, with the row's manifest. Bound to <see cref="IWireMessage"/> and to nothing else.
/// </summary>
public sealed class WireSerializer : SerializerWithStringManifest
{
    /// <summary>Stands in every row of the journal; never changes.</summary>
    public const int Id = 7301;

    private readonly WireCatalog _catalog;

    /// <exception cref="InvalidOperationException">The actor system was created without a <see cref="WireSetup"/>.</exception>
    public WireSerializer(ExtendedActorSystem system)
        : base(system)
    {
        var setup = system.Settings.Setup.Get<WireSetup>();
        _catalog = setup.HasValue
            ? setup.Value.Catalog
            : throw new InvalidOperationException($"the actor system '{system.Name}' has no {nameof(WireSetup)}: nothing can be serialized");
    }

    public override int Identifier => Id;

    public override string Manifest(object o) => _catalog.ManifestOf(o);

    public override byte[] ToBinary(object obj) => _catalog.Write(obj);

    public override object FromBinary(byte[] bytes, string manifest) =>
        _catalog.Knows(manifest) ? _catalog.Read(bytes, manifest) : throw new SerializationException($"no wire row reads the manifest '{manifest}'");
}

/// <summary>Registers the wire on an actor system.</summary>
public static class WireSerializerHosting
{
    /// <summary>
    /// Binds <see cref="IWireMessage"/> to <see cref="WireSerializer"/> and refuses every type that nobody bound, instead of
    /// writing it as JSON with .NET type names.
    /// </summary>
    public static AkkaConfigurationBuilder WithChronosWire(this AkkaConfigurationBuilder builder, WireCatalog catalog)
    {
        builder.AddSetup(new WireSetup(catalog));
        return builder
            .WithStrictSerialization()
            .WithCustomSerializer("chronos-wire", [typeof(IWireMessage)], system => new WireSerializer(system));
    }
}
