using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Akka.Persistence.Sql.Journal;

namespace Chronos.Actors.Journal;

/// <summary>
/// The journal of Akka.Persistence.Sql with a write path and a recovery of its own: everything that waits is stored in one transaction,
/// and a recovery is two prepared queries. Same tables, same rows; one line of HOCON switches back to the stock class.
/// </summary>
/// <remarks>See NOTES.md beside this file.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "An actor ends in PostStop, which disposes both")]
public sealed class GroupCommitJournal : SqlWriteJournal
{
    private readonly JournalSetup _setup;
    private readonly EventCodec _codec;
    private readonly WriterLimits _limits;
    private JournalWriter? _writer;
    private JournalReaders? _readers;

    /// <exception cref="ConfigurationException">The configuration asks for tables or tags that this class does not write.</exception>
    public GroupCommitJournal(Config config)
        : base(config)
    {
        Expect(config, "table-mapping", "default");
        Expect(config, "tag-write-mode", "TagTable");
        Expect(config, "delete-compatibility-mode", "false");
        _setup = JournalSetup.Of(Context.System);
        _codec = new EventCodec(Context.System.Serialization);
        _limits = new WriterLimits(config.GetInt("buffer-size"), config.GetInt("batch-size"));
    }

    public override Task ReplayMessagesAsync(
        IActorContext context,
        string persistenceId,
        long fromSequenceNr,
        long toSequenceNr,
        long max,
        Action<IPersistentRepresentation> recoveryCallback) =>
        Readers.Read(
            session =>
            {
                session.Replay(new ReplayRange(persistenceId, fromSequenceNr, toSequenceNr, max), _codec, recoveryCallback);
                return 0;
            },
            CancellationToken.None);

    /// <summary>Waits for the writes of this id that are under way, so that a restarted actor cannot reuse their numbers.</summary>
    public override async Task<long> ReadHighestSequenceNrAsync(string persistenceId, long fromSequenceNr, CancellationToken cancellationToken)
    {
        await Writer.Settled(persistenceId).WaitAsync(cancellationToken).ConfigureAwait(false);
        return await Readers.Read(session => session.HighestSequenceNr(persistenceId), cancellationToken).ConfigureAwait(false);
    }

    protected override void PreStart()
    {
        base.PreStart();
        _writer = new JournalWriter(_setup.Database, _setup.Options, _limits);
        _readers = new JournalReaders(_setup.Database, _setup.Options);
    }

    protected override void PostStop()
    {
        _writer?.Dispose();
        _readers?.Dispose();
        base.PostStop();
    }

    protected override async Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages, CancellationToken cancellationToken)
    {
        var writes = messages as IReadOnlyList<AtomicWrite> ?? [.. messages];
        var rejections = Serialize(writes, out var rows);
        if (rows.Count > 0)
        {
            await Writer.Store(new JournalWrite(rows[0].PersistenceId, rows), cancellationToken).ConfigureAwait(false);
        }

        return rejections!;
    }

    protected override async Task DeleteMessagesToAsync(string persistenceId, long toSequenceNr, CancellationToken cancellationToken)
    {
        using var turn = await _setup.Database.Gate.EnterAsync(cancellationToken).ConfigureAwait(false);
        await base.DeleteMessagesToAsync(persistenceId, toSequenceNr, cancellationToken).ConfigureAwait(false);
    }

    private JournalWriter Writer => _writer ?? throw new InvalidOperationException("the journal has not started");

    private JournalReaders Readers => _readers ?? throw new InvalidOperationException("the journal has not started");

    private static void Expect(Config config, string key, string value)
    {
        if (!string.Equals(config.GetString(key), value, StringComparison.OrdinalIgnoreCase))
        {
            throw new ConfigurationException($"{JournalHosting.JournalPath}.{key} is '{config.GetString(key)}'; {nameof(GroupCommitJournal)} only writes '{value}'");
        }
    }

    /// <summary>The rows of all events that can be written; an atomic write that cannot is rejected as a whole. Null when nothing is rejected.</summary>
    private ImmutableList<Exception?>? Serialize(IReadOnlyList<AtomicWrite> writes, out List<JournalRow> rows)
    {
        var now = _setup.Options.Clock.GetUtcNow().UtcTicks;
        Exception?[]? rejections = null;
        rows = new List<JournalRow>(writes.Count);
        for (var i = 0; i < writes.Count; i++)
        {
            var kept = rows.Count;
            try
            {
                foreach (var message in (IEnumerable<IPersistentRepresentation>)writes[i].Payload)
                {
                    rows.Add(_codec.Write(message, now));
                }
            }
            catch (Exception e)
            {
                rows.RemoveRange(kept, rows.Count - kept);
                (rejections ??= new Exception?[writes.Count])[i] = e;
            }
        }

        return rejections?.ToImmutableList();
    }
}
