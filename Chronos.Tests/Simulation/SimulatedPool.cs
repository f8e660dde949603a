using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Verification;

namespace Chronos.Tests.Simulation;

/// <summary>The workers of a node, with <see cref="AttemptTurns"/> inside, and the way to the targets, where requests and answers get lost.</summary>
internal sealed class SimulatedPool(SimulatedNode node)
{
    private static readonly TimeSpan TellAgain = TimeSpan.FromSeconds(5);

    private readonly Dictionary<ExecutionId, Running> _running = [];
    private readonly Dictionary<(ExecutionId, int), TimetableFacts.AttemptFinished> _untold = [];
    private bool _repeats;

    private World World => node.World;

    private SimulatedCluster Cluster => node.Cluster;

    public void Offer(AttemptRequest attempt)
    {
        if (!_running.TryGetValue(attempt.Execution, out var earlier))
        {
            Start(attempt);
            return;
        }

        if (earlier.Turns.Replace(attempt) is { } givenUp)
        {
            Report(givenUp, Ended(FailureClass.Cancelled, World.Now, "never sent"));
        }

        StopIfSo(earlier);
    }

    public void Cancel(ExecutionId execution)
    {
        if (_running.TryGetValue(execution, out var running))
        {
            if (running.Turns.Cancel() is { } waited)
            {
                Report(waited, Ended(FailureClass.Cancelled, World.Now, "never sent"));
            }

            StopIfSo(running);
        }
    }

    private void Start(AttemptRequest attempt)
    {
        var (random, began) = (World.Random, World.Now);
        var running = new Running(new AttemptTurns(attempt), began);
        _running.Add(attempt.Execution, running);
        if (random.Chance(Cluster.Conditions.RequestLost))
        {
            End(running, FailureClass.Connect, random.Milliseconds(1, 200));
            return;
        }

        // What has left arrives, also when its sender is dead by then.
        var under = random.Chance(Cluster.Conditions.Delayed) ? random.Seconds(0, 1) : random.Milliseconds(0.1, 5);
        World.After(under, () => Cluster.Received.Add(new ReceivedRequest(attempt.Execution.Value, attempt.Attempt, attempt.ScheduledAt, World.Now)));
        var answered = under + random.Milliseconds(0.1, random.Chance(Cluster.Conditions.TargetFails) ? 4_000 : 250);
        if (answered >= attempt.Timeout)
        {
            End(running, FailureClass.Timeout, attempt.Timeout);
        }
        else if (random.Chance(Cluster.Conditions.AnswerLost))
        {
            End(running, FailureClass.Connect, answered);
        }
        else
        {
            End(running, random.Chance(Cluster.Conditions.TargetFails) ? FailureClass.ServerError : FailureClass.None, answered);
        }
    }

    private void End(Running running, FailureClass failure, TimeSpan after) => node.After(after, () => Finish(running, Ended(failure, running.Began, "no")));

    private void StopIfSo(Running running)
    {
        if (running.Turns.IsToStop)
        {
            End(running, FailureClass.Cancelled, World.Random.Milliseconds(0, 20));
        }
    }

    private void Finish(Running running, AttemptOutcome outcome)
    {
        var attempt = running.Turns.Attempt;
        if (_running.GetValueOrDefault(attempt.Execution) != running)
        {
            return;
        }

        _running.Remove(attempt.Execution);
        Report(attempt, outcome);
        if (running.Turns.Next is { } next)
        {
            Start(next);
        }
    }

    private void Report(AttemptRequest attempt, AttemptOutcome outcome)
    {
        var fact = new TimetableFacts.AttemptFinished(attempt.Job, attempt.Execution, attempt.Attempt, outcome);
        _untold[(attempt.Execution, attempt.Attempt)] = fact;
        Tell(fact);
        if (!_repeats)
        {
            _repeats = true;
            node.After(TellAgain, Repeat);
        }
    }

    private void Repeat()
    {
        _repeats = _untold.Count > 0;
        if (_repeats)
        {
            foreach (var fact in _untold.Values)
            {
                Tell(fact);
            }

            node.After(TellAgain, Repeat);
        }
    }

    private void Tell(TimetableFacts.AttemptFinished fact) => Cluster.Tell(
        node.Number, Entity.Timetable(Cluster.TimetableOf(fact.Job)), fact,
        new Asker(node.Number, node.InThisLife<object>(noted => _untold.Remove((fact.Execution, fact.Attempt)))));

    private AttemptOutcome Ended(FailureClass failure, DateTimeOffset began, string error) => new(
        failure, began, World.Now - began, failure == FailureClass.None ? 200 : null, failure == FailureClass.None ? null : error, null, null);

    private sealed record Running(AttemptTurns Turns, DateTimeOffset Began);
}
