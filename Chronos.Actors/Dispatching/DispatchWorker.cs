using Akka.Actor;
using Akka.Event;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Dispatching;

/// <summary>
/// Runs attempts of the executions that hash to it, never two of the same execution at once, and tells each outcome until the
/// timetable has noted it.
/// </summary>
internal sealed class DispatchWorker : UntypedActor, IWithTimers
{
    private readonly IDispatcher _dispatcher;
    private readonly DispatchOptions _options;
    private readonly DispatchReports _reports;
    private readonly IActorRef _door;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Dictionary<ExecutionId, Running> _running = [];
    private readonly Dictionary<(ExecutionId, int), TimetableFacts.AttemptFinished> _untold = [];
    private bool _draining;
    private bool _drained;

    public DispatchWorker(IDispatcher dispatcher, DispatchOptions options, DispatchReports reports, IActorRef door)
    {
        (_dispatcher, _options, _reports, _door) = (dispatcher, options, reports, door);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case WorkerMessages.Run run: Take(run.Attempt); break;
            case WorkerMessages.Decline declined: Report(declined.Attempt, _reports.NeverSent(declined.Attempt)); break;
            case WorkerMessages.Stop stop: Cancel(stop.Execution); break;
            case Finished finished: Finish(finished.Attempt, finished.Outcome); break;
            case TimetableFacts.AttemptNoted noted: Noted(noted); break;
            case TellAgain: Repeat(); break;
            case WorkerMessages.Drain: BeginDrain(); break;
            case GraceOver: EndGrace(); break;
            default: Unhandled(message); break;
        }
    }

    /// <summary>Also runs before a restart: whatever runs is given up, and said to be lost, because nobody waits for it any more.</summary>
    protected override void PostStop()
    {
        foreach (var running in _running.Values)
        {
            running.Abandon();
            foreach (var attempt in running.All)
            {
                _reports.Tell(Fact(attempt, _reports.Lost(attempt)), ActorRefs.NoSender);
                _door.Tell(new WorkerMessages.Ended(attempt.Execution, attempt.Attempt, null));
            }
        }

        foreach (var fact in _untold.Values)
        {
            _reports.Tell(fact, ActorRefs.NoSender);
        }
    }

    private void Take(AttemptRequest attempt)
    {
        if (!_running.TryGetValue(attempt.Execution, out var earlier))
        {
            Start(attempt);
            return;
        }

        if (earlier.Replace(attempt) is { } givenUp)
        {
            Report(givenUp, _reports.NeverSent(givenUp));
        }
    }

    private void Start(AttemptRequest attempt)
    {
        var running = new Running(attempt);
        _running.Add(attempt.Execution, running);
        DispatchTelemetry.RunAsync(_dispatcher, WithAddress(attempt) with { Progress = new Progress(_reports, attempt) }, running.Cancellation).PipeTo(
            Self, success: outcome => new Finished(attempt, outcome), failure: fault => new Finished(attempt, Broken(attempt, fault)));
    }

    private void Cancel(ExecutionId execution)
    {
        if (_running.TryGetValue(execution, out var running) && running.Cancel() is { } waiting)
        {
            Report(waiting, _reports.NeverSent(waiting));
        }
    }

    private void Finish(AttemptRequest attempt, AttemptOutcome outcome)
    {
        if (!_running.TryGetValue(attempt.Execution, out var running) || !ReferenceEquals(running.Attempt, attempt))
        {
            return;
        }

        _running.Remove(attempt.Execution);
        running.Dispose();
        Report(attempt, running.IsLost && outcome.Failure == FailureClass.Cancelled ? _reports.Lost(attempt, outcome) : outcome);
        if (running.Next is { } next && _draining)
        {
            Report(next, _reports.NeverSent(next));
        }
        else if (running.Next is not null)
        {
            Start(running.Next);
        }

        CheckDrained();
    }

    private void Report(AttemptRequest attempt, AttemptOutcome outcome)
    {
        var fact = Fact(attempt, _reports.Keep(attempt, outcome));
        _untold[(attempt.Execution, attempt.Attempt)] = fact;
        _reports.Tell(fact, Self);
        _door.Tell(new WorkerMessages.Ended(attempt.Execution, attempt.Attempt, fact.Outcome));
        if (!Timers.IsTimerActive(nameof(TellAgain)))
        {
            StartTelling();
        }
    }

    private void StartTelling() =>
        Timers.StartPeriodicTimer(nameof(TellAgain), TellAgain.Instance, _draining ? _options.LastReportInterval : _options.ReportInterval);

    private void Noted(TimetableFacts.AttemptNoted noted)
    {
        _untold.Remove((noted.Execution, noted.Attempt));
        if (_untold.Count == 0)
        {
            Timers.Cancel(nameof(TellAgain));
        }

        CheckDrained();
    }

    private void Repeat()
    {
        foreach (var fact in _untold.Values)
        {
            _reports.Tell(fact, Self);
        }
    }

    private void BeginDrain()
    {
        _draining = true;
        Timers.StartSingleTimer(nameof(GraceOver), GraceOver.Instance, _options.StopGrace);
        if (_untold.Count > 0)
        {
            StartTelling();
        }

        CheckDrained();
    }

    private void EndGrace()
    {
        foreach (var running in _running.Values.ToList())
        {
            running.Abandon();
        }
    }

    private void CheckDrained()
    {
        if (_draining && !_drained && _running.Count == 0 && _untold.Count == 0)
        {
            _drained = true;
            _door.Tell(WorkerMessages.Drained.Instance);
        }
    }

    private AttemptOutcome Broken(AttemptRequest attempt, Exception fault)
    {
        // Without the message: it may hold what the request held.
        _log.Error("The {Protocol} dispatcher broke on {ExecutionId}: {Fault}{Trace}", _dispatcher.Protocol, attempt.Execution, fault.GetType().Name, fault.StackTrace);
        return _reports.Broken(fault);
    }

    private AttemptRequest WithAddress(AttemptRequest attempt) => attempt.Callback is { } ticket && _options.Callbacks() is { } node
        ? attempt with { Callback = ticket with { Url = new Uri(node, $"api/v1/callbacks/{ticket.Token.Text}") } }
        : attempt;

    private static TimetableFacts.AttemptFinished Fact(AttemptRequest attempt, AttemptOutcome outcome) =>
        new(attempt.Job, attempt.Execution, attempt.Attempt, outcome);

    /// <summary>Called from the thread that reads the answer.</summary>
    private sealed class Progress(DispatchReports reports, AttemptRequest attempt) : IProgress<AttemptSignal>
    {
        public void Report(AttemptSignal value) =>
            reports.Tell(new TimetableFacts.AttemptTold(attempt.Job, attempt.Execution, attempt.Attempt, value.Percent, value.Message));
    }

    private sealed record Finished(AttemptRequest Attempt, AttemptOutcome Outcome) : INoSerializationVerificationNeeded;

    private sealed class TellAgain : INoSerializationVerificationNeeded
    {
        public static readonly TellAgain Instance = new();
    }

    private sealed class GraceOver : INoSerializationVerificationNeeded
    {
        public static readonly GraceOver Instance = new();
    }

    /// <summary>The turns of an execution, and the means to stop the one that runs.</summary>
    private sealed class Running(AttemptRequest attempt) : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly AttemptTurns _turns = new(attempt);

        public AttemptRequest Attempt => _turns.Attempt;

        public AttemptRequest? Next => _turns.Next;

        public bool IsLost => _turns.IsLost;

        public CancellationToken Cancellation => _stop.Token;

        public IEnumerable<AttemptRequest> All => _turns.All;

        public AttemptRequest? Replace(AttemptRequest attempt)
        {
            var givesWay = _turns.Replace(attempt);
            StopIfSo();
            return givesWay;
        }

        public AttemptRequest? Cancel()
        {
            var waited = _turns.Cancel();
            StopIfSo();
            return waited;
        }

        public void Abandon()
        {
            _turns.Abandon();
            StopIfSo();
        }

        public void Dispose() => _stop.Dispose();

        private void StopIfSo()
        {
            if (_turns.IsToStop)
            {
                _stop.Cancel();
            }
        }
    }
}
