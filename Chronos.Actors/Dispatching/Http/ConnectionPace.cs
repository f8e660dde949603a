namespace Chronos.Actors.Dispatching.Http;

/// <summary>
/// How many requests one target has at once: some at first, quickly more while its answers take their time. Without that a burst opens a
/// connection for each of its requests, although a target that answers in a millisecond would have served all of them over a few; making
/// and accepting the others costs both sides more than the requests.
/// </summary>
/// <remarks>
/// A target is slow, or far, or has many requests for long: in each case it has all it can take within some tens of milliseconds. What it
/// once had it keeps as long as its connections stay open. Limits that somebody asked for are the admission book's, not these.
/// </remarks>
internal sealed class ConnectionPace(int first, TimeProvider time) : IDisposable
{
    /// <summary>How often what waits is looked at.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    /// <summary>A target that has kept requests waiting for so many steps gets more at once although it answers fast.</summary>
    private const int Patience = 4;

    /// <summary>As long as an idle connection stays open.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Target> _targets = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private ITimer? _timer;
    private long _swept = time.GetTimestamp();
    private bool _sleeps = true;
    private int _waiting;

    /// <summary>Waits until the target may have one more; <see cref="Leave"/> gives the place back.</summary>
    /// <exception cref="OperationCanceledException">It was not to be sent any more; there is no place to give back.</exception>
    public Task EnterAsync(string target, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!_targets.TryGetValue(target, out var known))
            {
                _targets.Add(target, known = new Target(first));
            }

            if (known.Running < known.Most)
            {
                known.Running++;
                return Task.CompletedTask;
            }

            var turn = new Turn();
            known.Waiting.Enqueue(turn);
            _waiting++;
            Arm();
            return turn.WaitAsync(cancellation);
        }
    }

    public void Leave(string target)
    {
        lock (_gate)
        {
            var known = _targets[target];
            known.Running--;
            known.Answered++;
            if (known.IsNew)
            {
                (known.IsNew, known.Steps) = (false, 0);
            }

            LetGo(known);
            known.IdleSince = time.GetTimestamp();
            Sweep();
        }
    }

    public void Dispose() => _timer?.Dispose();

    /// <summary>What happens at each step while anything waits.</summary>
    internal void Look()
    {
        lock (_gate)
        {
            foreach (var target in _targets.Values.Where(t => t.Waiting.Count > 0))
            {
                if (target.IsNew && ++target.Steps < Patience)
                {
                    // Making the first connections costs both sides more than answering does; nothing is known yet.
                    continue;
                }

                if (target.Answered < target.Most)
                {
                    target.Most *= 2;
                }
                else if (++target.Steps == Patience)
                {
                    (target.Most, target.Steps) = (target.Most + (target.Most / 4) + 1, 0);
                }

                target.Answered = 0;
                LetGo(target);
            }

            _sleeps = true;
            if (_waiting > 0)
            {
                Arm();
            }
        }
    }

    private void LetGo(Target target)
    {
        while (target.Running < target.Most && target.Waiting.TryDequeue(out var next))
        {
            _waiting--;
            target.Running += next.TrySetResult() ? 1 : 0;
        }

        target.Steps = target.Waiting.Count == 0 ? 0 : target.Steps;
    }

    private void Arm()
    {
        if (_sleeps)
        {
            _sleeps = false;
            _timer ??= time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(Step, Timeout.InfiniteTimeSpan);
        }
    }

    private void Sweep()
    {
        if (time.GetElapsedTime(_swept) < Idle)
        {
            return;
        }

        _swept = time.GetTimestamp();
        foreach (var (name, _) in _targets.Where(t => t.Value is { Running: 0, Waiting.Count: 0 } && time.GetElapsedTime(t.Value.IdleSince) >= Idle).ToList())
        {
            _targets.Remove(name);
        }
    }

    private sealed class Target(int most)
    {
        public int Most { get; set; } = most;

        public int Running { get; set; }

        public Queue<Turn> Waiting { get; } = new();

        /// <summary>Has never answered.</summary>
        public bool IsNew { get; set; } = true;

        /// <summary>Answers since the last look.</summary>
        public int Answered { get; set; }

        /// <summary>Looks since somebody waits without a break.</summary>
        public int Steps { get; set; }

        public long IdleSince { get; set; }
    }

    private sealed class Turn
    {
        private readonly TaskCompletionSource _come = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool TrySetResult() => _come.TrySetResult();

        public async Task WaitAsync(CancellationToken cancellation)
        {
            await using var registration = cancellation.Register(() => _come.TrySetCanceled(cancellation)).ConfigureAwait(false);
            await _come.Task.ConfigureAwait(false);
        }
    }
}
