using System.Diagnostics.Metrics;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching;

/// <summary>What the pools of a node share: one lock, one clock, the gates of tags.</summary>
internal sealed class AdmissionRoom(TimeProvider time)
{
    private readonly long _began = time.GetTimestamp();

    public Lock Gate { get; } = new();

    public FlowTags Tags { get; } = new();

    public TimeSpan Now => time.GetElapsedTime(_began);
}

/// <summary>The admission book of one pool. Its door decides by it, and whoever is asked how the targets stand reads it.</summary>
internal sealed class AdmissionDesk
{
    private const int MaxError = 300;

    private readonly AdmissionRoom _room;
    private readonly AdmissionBook _book;

    public AdmissionDesk(Protocol protocol, DispatchOptions options, AdmissionRoom room)
    {
        (Protocol, _room) = (protocol, room);
        _book = new AdmissionBook(new AdmissionOptions(options.Capacity, options.TargetShare), room.Tags);
        var label = KeyValuePair.Create<string, object?>("protocol", protocol.ToString().ToLowerInvariant());
        DispatchTelemetry.Meter.CreateObservableGauge(
            "chronos_dispatch_waiting", () => new Measurement<int>(Waiting, label), null, "Attempts that wait for a place or a limit, by protocol");
    }

    public Protocol Protocol { get; }

    public int Running => Locked(book => book.Running);

    public int Waiting => Locked(book => book.Waiting);

    public Admission Offer(AttemptRequest attempt, out AttemptRequest? givenUp)
    {
        lock (_room.Gate)
        {
            return _book.Offer(attempt, _room.Now, out givenUp);
        }
    }

    public AttemptRequest? Withdraw(ExecutionId execution) => Locked(book => book.Withdraw(execution));

    public void Ended(WorkerMessages.Ended ended)
    {
        lock (_room.Gate)
        {
            _book.Ended(ended.Execution, ended.Attempt, ended.Outcome, _room.Now);
        }
    }

    public void Next(ICollection<AttemptRequest> leaving)
    {
        lock (_room.Gate)
        {
            _book.Next(_room.Now, leaving);
        }
    }

    public void NextOfAll(ICollection<AttemptRequest> leaving)
    {
        lock (_room.Gate)
        {
            _book.NextOfAll(_room.Now, leaving);
        }
    }

    public bool HasRoomAgain(FlowLine line) => Locked(book => book.HasRoomAgain(line));

    public IReadOnlyList<AttemptRequest> AllWaiting() => Locked(book => book.AllWaiting());

    public void Sweep(NodePart part, Func<string, int?> elsewhere)
    {
        lock (_room.Gate)
        {
            _book.Sweep(part, elsewhere, _room.Now);
        }
    }

    public IReadOnlyList<(string Name, int InFlight)> GoingRound => Locked(book => book.GoingRound);

    /// <summary>What the pool has of an attempt; null: nothing.</summary>
    public DispatchProtocol.Held? Find(ExecutionId execution, int attempt)
    {
        lock (_room.Gate)
        {
            var runs = _book.RunsFor(execution, attempt, _room.Now);
            return runs is not null || _book.IsWaiting(execution, attempt) ? new DispatchProtocol.Held(execution, attempt, runs) : null;
        }
    }

    public IReadOnlyList<TargetStanding> Standings(Func<string, bool> which, Func<string, string> circuit)
    {
        lock (_room.Gate)
        {
            var now = _room.Now;
            return [.. _book.Targets.Where(t => which(t.Name)).Select(t => new TargetStanding(
                t.Name, Protocol, circuit(t.Name), t.Gate.InFlight, t.Waiting, _book.ShareNow, t.Gate.Limit, t.SucceededLately(now), t.FailedLately(now),
                t.LastError is { Length: > MaxError } error ? error[..MaxError] : t.LastError, t.LastErrorAt, t.LastSuccessAt))];
        }
    }

    private T Locked<T>(Func<AdmissionBook, T> read)
    {
        lock (_room.Gate)
        {
            return read(_book);
        }
    }
}
