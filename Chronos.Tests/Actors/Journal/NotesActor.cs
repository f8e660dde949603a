using Akka.Actor;
using Akka.Persistence;
using Chronos.Core.Wire;

namespace Chronos.Tests.Actors.Journal;

/// <summary>A persistent actor that notes texts, and tells what became of each write.</summary>
internal sealed class NotesActor : ReceivePersistentActor
{
    private readonly List<string> _texts = [];
    private IActorRef _asker = ActorRefs.Nobody;

    public NotesActor(string persistenceId, bool snapshots)
    {
        PersistenceId = persistenceId;
        Recovery = snapshots ? new Recovery() : new Recovery(SnapshotSelectionCriteria.None);
        Recover<Noted>(e => _texts.Add(e.Text));
        Recover<SnapshotOffer>(o => _texts.AddRange(((Notes)o.Snapshot).Texts));

        Command<Note>(c =>
        {
            _asker = Sender;
            PersistAll(c.Texts.Select(t => new Noted(t)), e => _texts.Add(e.Text));
            DeferAsync(0, _ => _asker.Tell(new Done(LastSequenceNr)));
        });
        Command<NoteUnwritable>(_ =>
        {
            _asker = Sender;
            Persist(new Unwritable(1), _ => _asker.Tell(new Done(LastSequenceNr)));
        });
        Command<NoteWithUnwritable>(c =>
        {
            _asker = Sender;
            PersistAll(new IWireMessage[] { new Noted(c.Text), new Unwritable(1) }, _ => { });
        });
        Command<Ask>(_ => Sender.Tell(new State([.. _texts], LastSequenceNr)));
        Command<TakeSnapshot>(_ =>
        {
            _asker = Sender;
            SaveSnapshot(new Notes([.. _texts]));
        });
        Command<Forget>(c =>
        {
            _asker = Sender;
            DeleteMessages(c.To);
        });
        Command<ForgetSnapshots>(c =>
        {
            _asker = Sender;
            DeleteSnapshots(c.Which);
        });
        Command<ForgetSnapshot>(c =>
        {
            _asker = Sender;
            DeleteSnapshot(c.SequenceNr);
        });
        Command<DeleteSnapshotsSuccess>(_ => _asker.Tell(new Done(LastSequenceNr)));
        Command<DeleteSnapshotsFailure>(f => _asker.Tell(new Failed(f.Cause)));
        Command<DeleteSnapshotSuccess>(_ => _asker.Tell(new Done(LastSequenceNr)));
        Command<DeleteSnapshotFailure>(f => _asker.Tell(new Failed(f.Cause)));
        Command<SaveSnapshotSuccess>(_ => _asker.Tell(new Done(LastSequenceNr)));
        Command<SaveSnapshotFailure>(f => _asker.Tell(new Failed(f.Cause)));
        Command<DeleteMessagesSuccess>(_ => _asker.Tell(new Done(LastSequenceNr)));
        Command<DeleteMessagesFailure>(f => _asker.Tell(new Failed(f.Cause)));
    }

    public override string PersistenceId { get; }

    public override Recovery Recovery { get; }

    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr) => _asker.Tell(new Failed(cause));

    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr) => _asker.Tell(new Rejected(cause));

    protected override void OnRecoveryFailure(Exception reason, object? message) => Context.System.EventStream.Publish(new RecoveryFailed(PersistenceId, reason));

    internal sealed record Note(params string[] Texts) : INoSerializationVerificationNeeded;

    internal sealed record NoteUnwritable : INoSerializationVerificationNeeded;

    internal sealed record NoteWithUnwritable(string Text) : INoSerializationVerificationNeeded;

    internal sealed record Ask : INoSerializationVerificationNeeded;

    internal sealed record TakeSnapshot : INoSerializationVerificationNeeded;

    internal sealed record Forget(long To) : INoSerializationVerificationNeeded;

    internal sealed record ForgetSnapshots(SnapshotSelectionCriteria Which) : INoSerializationVerificationNeeded;

    internal sealed record ForgetSnapshot(long SequenceNr) : INoSerializationVerificationNeeded;

    internal sealed record State(IReadOnlyList<string> Texts, long SequenceNr) : INoSerializationVerificationNeeded;

    internal sealed record Done(long SequenceNr) : INoSerializationVerificationNeeded;

    internal sealed record Failed(Exception Cause) : INoSerializationVerificationNeeded;

    internal sealed record Rejected(Exception Cause) : INoSerializationVerificationNeeded;

    internal sealed record RecoveryFailed(string PersistenceId, Exception Cause) : INoSerializationVerificationNeeded;
}
