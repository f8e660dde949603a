using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Chronos.Core.Wire;

/// <summary>One type on the wire: its manifest, which ends in a version (<c>job.created.1</c>), and how it is written.</summary>
public sealed record WireRow(string Manifest, Type Type, JsonTypeInfo Json)
{
    public static WireRow Of<T>(string manifest, JsonTypeInfo<T> json)
        where T : IWireMessage => new(manifest, typeof(T), json);
}

/// <summary>
/// The list of every type that may be stored or sent. A manifest is for ever: a changed shape takes a new version and the
/// old row stays, so that what was written years ago still loads.
/// </summary>
public sealed class WireCatalog
{
    private readonly FrozenDictionary<Type, WireRow> _byType;
    private readonly FrozenDictionary<string, WireRow> _byManifest;

    public WireCatalog(IEnumerable<WireRow> rows)
    {
        Rows = [.. rows];
        _byType = Rows.ToFrozenDictionary(r => r.Type);
        _byManifest = Rows.ToFrozenDictionary(r => r.Manifest);
    }

    public IReadOnlyList<WireRow> Rows { get; }

    /// <exception cref="InvalidOperationException">The type has no row: it must not be stored or sent.</exception>
    public string ManifestOf(object message) => RowOf(message.GetType()).Manifest;

    public byte[] Write(object message) => JsonSerializer.SerializeToUtf8Bytes(message, RowOf(message.GetType()).Json);

    /// <exception cref="InvalidOperationException">This build does not know the manifest.</exception>
    public object Read(ReadOnlySpan<byte> bytes, string manifest) =>
        JsonSerializer.Deserialize(bytes, Find(manifest).Json) ?? throw new InvalidOperationException($"{manifest} is null on the wire");

    public bool Knows(string manifest) => _byManifest.ContainsKey(manifest);

    private WireRow Find(string manifest) =>
        _byManifest.TryGetValue(manifest, out var row) ? row : throw new InvalidOperationException($"no wire row reads the manifest '{manifest}'");

    private WireRow RowOf(Type type) =>
        _byType.TryGetValue(type, out var row) ? row : throw new InvalidOperationException($"{type} has no row in the wire catalog");
}
