using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;

namespace Chronos.Actors.Jobs;

/// <summary>
/// Answers one question for an execution whose attempt has begun by the journal: whether it was sent, or waits for a limit, a key or a place.
/// </summary>
/// <remarks>That it waits is written down nowhere: it would cost every execution one more entry. The door of the dispatchers knows.</remarks>
internal sealed class AttemptLook : ReceiveActor
{
    /// <summary>The door is in this process; without its answer the journal's is given.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    /// <summary>As long as who asked waits for the timetable.</summary>
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(4);

    private readonly IActorRef _asker;
    private TimetableReplies.Live? _live;

    /// <param name="isOffered">False: the timetable has the attempt still.</param>
    public AttemptLook(IActorRef asker, IActorRef dispatcher, Protocol protocol, bool isOffered)
    {
        _asker = asker;
        Receive<TimetableReplies.Live>(live =>
        {
            if (!live.Execution.IsSentByJournal)
            {
                Answer(live);
                return;
            }

            if (!isOffered)
            {
                Answer(live.NotSent());
                return;
            }

            _live = live;
            SetReceiveTimeout(Patience);
            dispatcher.Tell(new DispatchProtocol.Look(protocol, live.Execution.Id, live.Execution.Attempts[^1].Number));
        });
        Receive<DispatchProtocol.Looked>(seen => Answer(seen.Waits ? _live!.NotSent() : _live!));
        Receive<ReceiveTimeout>(_ => Answer(_live));
        ReceiveAny(Answer);
        SetReceiveTimeout(LongEnough);
    }

    public static Props Props(IActorRef asker, IActorRef dispatcher, Protocol protocol, bool isOffered) =>
        Akka.Actor.Props.Create(() => new AttemptLook(asker, dispatcher, protocol, isOffered));

    private void Answer(object? reply)
    {
        if (reply is not null)
        {
            _asker.Tell(reply);
        }

        Context.Stop(Self);
    }
}
