using Akka.Actor;
using Akka.Persistence;
using Akka.Persistence.Journal;
using Akka.Serialization;
using Akka.Util;

namespace Chronos.Actors.Journal;

/// <summary>One row of the table <c>journal</c>, without the ordering that the database gives.</summary>
internal readonly record struct JournalRow(
    long Created, string PersistenceId, long SequenceNr, byte[] Message, string Manifest, int Serializer, string? Writer)
{
    /// <summary>What was serialized; null in a row that was read.</summary>
    public object? Event { get; init; }
}

/// <summary>What a payload looks like in a table: bytes, the serializer that wrote them, and its manifest.</summary>
internal readonly record struct Payload(byte[] Bytes, string Manifest, int Serializer);

/// <summary>Turns events and snapshots into rows and back, the way Akka.Persistence.Sql does, so that either can read the other's.</summary>
internal sealed class EventCodec(Serialization serialization)
{
    /// <exception cref="NotSupportedException">The event carries tags: Chronos reads the journal by ordering and keeps no tags.</exception>
    public JournalRow Write(IPersistentRepresentation message, long now)
    {
        if (message.Payload is Tagged)
        {
            throw new NotSupportedException($"{message.PersistenceId} persists tags; this journal keeps none");
        }

        var payload = Write(message.Payload);
        return new JournalRow(
            message.Timestamp == 0 ? now : message.Timestamp,
            message.PersistenceId,
            message.SequenceNr,
            payload.Bytes,
            payload.Manifest,
            payload.Serializer,
            message.WriterGuid)
        {
            Event = message.Payload,
        };
    }

    public Payload Write(object value) => Serialization.WithTransport(serialization.System, (Codec: serialization, Value: value), static s =>
    {
        var serializer = s.Codec.FindSerializerForType(s.Value.GetType());
        var manifest = serializer switch
        {
            SerializerWithStringManifest named => named.Manifest(s.Value),
            { IncludeManifest: true } => s.Value.GetType().TypeQualifiedName(),
            _ => string.Empty,
        };
        return new Payload(serializer.ToBinary(s.Value), manifest, serializer.Identifier);
    });

    public object ReadSnapshot(string persistenceId, long sequenceNr, Payload payload)
    {
        try
        {
            return serialization.Deserialize(payload.Bytes, payload.Serializer, payload.Manifest);
        }
        catch (Exception e)
        {
            throw new JournalReadException($"snapshot of {persistenceId}", sequenceNr, 0, payload.Manifest, e.Message, e);
        }
    }

    public IPersistentRepresentation Read(long ordering, JournalRow row)
    {
        try
        {
            var value = serialization.Deserialize(row.Message, row.Serializer, row.Manifest);
            return new Persistent(
                value, row.SequenceNr, row.PersistenceId, row.Manifest, isDeleted: false, ActorRefs.NoSender, row.Writer, row.Created);
        }
        catch (Exception e)
        {
            throw new JournalReadException(row.PersistenceId, row.SequenceNr, ordering, row.Manifest, e.Message, e);
        }
    }
}
