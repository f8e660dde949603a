using System.Collections.Immutable;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Chronos.Actors.Projections;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;
using LiteDB;

namespace Chronos.Actors.NodeStore;

/// <summary>What the node store holds: the keys as of a place in the journal.</summary>
internal sealed record NodeStoreState(long Offset, ImmutableDictionary<string, StoredKey> Keys)
{
    public static readonly NodeStoreState Empty = new(0, ImmutableDictionary.Create<string, StoredKey>(StringComparer.Ordinal));
}

/// <summary>The LiteDB file of this node. For one thread at a time: LiteDB corrupts its file under concurrent writers.</summary>
/// <remarks>
/// Every commit carries a checksum over all that the store holds, so that a file which opens but lies is found out. LiteDB meets
/// a broken file with whatever exception its code stumbles into, hence everything that it throws counts as damage.
/// </remarks>
internal sealed class NodeStoreFile : IDisposable
{
    private const int ModelVersion = 1;
    private const string HeadId = "head";

    private readonly LiteDatabase _database;
    private readonly ILiteCollection<BsonDocument> _keys;
    private readonly ILiteCollection<BsonDocument> _head;

    private NodeStoreFile(LiteDatabase database)
    {
        _database = database;
        _keys = database.GetCollection("keys", BsonAutoId.ObjectId);
        _head = database.GetCollection("head", BsonAutoId.ObjectId);
    }

    /// <summary>Opens the file, or makes it, and reads all of it. A file of another model is as good as none.</summary>
    /// <exception cref="NodeStoreDamagedException">It cannot be opened, cannot be read, or does not match its checksum.</exception>
    public static (NodeStoreFile File, NodeStoreState State) Open(string path) => Guard("open", () =>
    {
        if (!File.Exists(path))
        {
            // What is left of a file that was deleted; LiteDB would make pages of the new one of it.
            File.Delete(DamagedFile.LiteDbLogOf(path));
        }
        else
        {
            LiteDbPages.Check(path);
        }

        var database = new LiteDatabase(new ConnectionString { Filename = path, Connection = ConnectionType.Direct });
        try
        {
            var file = new NodeStoreFile(database);
            return (file, file.Load());
        }
        catch
        {
            database.Dispose();
            throw;
        }
    });

    /// <summary>Writes the changed keys and the new place in one transaction.</summary>
    public void Save(NodeStoreState state, IEnumerable<StoredKey> changed) => Guard("write", () =>
    {
        _database.BeginTrans();
        foreach (var key in changed)
        {
            _keys.Upsert(Write(key));
        }

        _head.Upsert(new BsonDocument
        {
            ["_id"] = HeadId,
            ["version"] = ModelVersion,
            ["offset"] = state.Offset,
            ["checksum"] = Checksum(state),
        });
        return _database.Commit();
    });

    public void Dispose()
    {
        try
        {
            _database.Dispose();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Closing writes the log back, which a broken file cannot take; the next start finds out the same.
        }
    }

    private NodeStoreState Load()
    {
        var head = _head.FindById(HeadId);
        var keys = _keys.FindAll().Select(Read).ToImmutableDictionary(k => k.Id.Value, StringComparer.Ordinal);
        if (head is null)
        {
            return keys.IsEmpty ? NodeStoreState.Empty : throw new InvalidDataException("there are keys but no head");
        }

        if (head["version"].AsInt32 != ModelVersion)
        {
            throw new InvalidDataException($"it is of version {head["version"]}, this build writes {ModelVersion}");
        }

        var state = new NodeStoreState(head["offset"].AsInt64, keys);
        return head["checksum"].AsString == Checksum(state) ? state : throw new InvalidDataException("its content does not match its checksum");
    }

    private static string Checksum(NodeStoreState state)
    {
        var hash = new XxHash128();
        hash.Append(Encoding.UTF8.GetBytes(state.Offset.ToString(CultureInfo.InvariantCulture)));
        foreach (var (_, key) in state.Keys.OrderBy(k => k.Key, StringComparer.Ordinal))
        {
            hash.Append(Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"\n{key.Tenant}|{key.Id}|{key.Name}|{key.Hash}|{(int)key.Scopes}|{key.Expires?.UtcTicks}|{key.Revoked}")));
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    private static BsonDocument Write(StoredKey key) => new()
    {
        ["_id"] = key.Id.Value,
        ["tenant"] = key.Tenant.Value,
        ["name"] = key.Name,
        ["hash"] = key.Hash,
        ["scopes"] = (int)key.Scopes,
        ["expires"] = key.Expires is { } at ? new BsonValue(at.UtcTicks) : BsonValue.Null,
        ["revoked"] = key.Revoked,
    };

    private static StoredKey Read(BsonDocument d) => new(
        new TenantId(d["tenant"].AsString), new KeyId(d["_id"].AsString), d["name"].AsString, d["hash"].AsString, (Scopes)d["scopes"].AsInt32,
        d["expires"].IsNull ? null : new DateTimeOffset(d["expires"].AsInt64, TimeSpan.Zero), d["revoked"].AsBoolean);

    private static T Guard<T>(string what, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new NodeStoreDamagedException($"cannot {what} the node store: {e.Message}", e);
        }
    }
}

/// <summary>The file of the node store is of no use any more.</summary>
internal sealed class NodeStoreDamagedException(string message, Exception inner) : Exception(message, inner);
