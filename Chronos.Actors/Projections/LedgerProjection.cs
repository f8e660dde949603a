using System.Data.Common;
using Chronos.Core.Contracts;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Projections;

namespace Chronos.Actors.Projections;

/// <summary>The execution ledger: what ran, what did not and why, from the batches of the timetables and the events of the jobs.</summary>
/// <remarks>
/// Executions are folded in memory for the length of a chunk and then written once each, so that one which starts and ends in the
/// same chunk costs one insert. One that has not ended is kept for the chunk with its end, so that its row is not read back; retention
/// leaves such rows alone. Facts about an execution that retention has removed are ignored.
/// </remarks>
public sealed class LedgerProjection : IProjection, IDisposable
{
    /// <summary>Rows held before they are written, whatever the size of the chunk.</summary>
    private const int MaxDirty = 20_000;

    /// <summary>Rows of executions that have not ended that are kept at most; the others are read again.</summary>
    private const int MaxOpen = 100_000;

    /// <summary>Jobs whose tenant is remembered; a million of them would cost more memory than it saves.</summary>
    private const int MaxTenants = 50_000;

    private readonly Dictionary<ExecutionId, LedgerRow> _dirty = [];
    private readonly Dictionary<ExecutionId, LedgerRow> _open = [];

    /// <summary>Whose a job is; it never changes, so a roll-back does not matter.</summary>
    private readonly Dictionary<JobId, string> _tenants = [];
    private long _applied;
    private LedgerWriter? _writer;
    private LedgerHistory? _history;

    public string Name => "ledger";

    public int ModelVersion => LedgerSchema.Version;

    public void Reset(DbConnection connection, DbTransaction transaction)
    {
        Forget();
        Sql.Execute(connection, Schemas.For(connection, LedgerSchema.Create), transaction);
    }

    public void Apply(IReadOnlyList<JournalEntry> entries, DbConnection connection, DbTransaction transaction)
    {
        Begin(connection, transaction, entries[0].Ordering);
        _applied = entries[^1].Ordering;
        _writer!.Expect(entries.Select(e => e.Event).OfType<TimetableBatch>().SelectMany(b => b.Items).Select(Concerned).OfType<ExecutionId>().Where(e => !_open.ContainsKey(e)));
        foreach (var entry in entries)
        {
            switch (entry.Event)
            {
                case TimetableBatch batch:
                    foreach (var item in batch.Items)
                    {
                        Fold(item, batch.At);
                    }

                    break;
                case IJobEvent fact:
                    _history!.Fold(fact);
                    break;
            }

            if (_dirty.Count >= MaxDirty)
            {
                Flush();
            }
        }

        Flush();
        _writer!.WriteCounts();
    }

    public void Dispose()
    {
        _writer?.Dispose();
        _history?.Dispose();
    }

    private void Forget()
    {
        _open.Clear();
        _tenants.Clear();
        _applied = 0;
    }

    private void Begin(DbConnection connection, DbTransaction transaction, long first)
    {
        // What an earlier transaction left behind when it failed.
        _dirty.Clear();
        if (first <= _applied)
        {
            // What came last comes again: it was not committed, and what is known of the rows may be true of none.
            _open.Clear();
        }

        if (_writer?.Connection != connection)
        {
            Dispose();
            Forget();
            _writer = LedgerWriter.For(connection);
            _history = new LedgerHistory(connection);
        }

        _writer.Enlist(transaction);
        _history!.Enlist(transaction);
    }

    private void Fold(TimetableItem item, DateTimeOffset at)
    {
        switch (item)
        {
            case ExecutionStarted started:
                Start(started);
                break;
            case AttemptStarted attempt when Known(attempt.Execution) is { } row:
                Begin(row, attempt.Attempt, attempt.Node, Times.Micros(attempt.At));
                break;
            case AttemptAccepted accepted when Known(accepted.Execution) is { } row:
                Accept(row, accepted);
                break;
            case AttemptEnded ended when Known(ended.Execution) is { } row:
                End(row, ended);
                break;
            case ExecutionEnded ended when Known(ended.Execution) is { } row:
                row.Status = ended.Status;
                row.Finished = Times.Micros(ended.At);
                row.RetryAt = null;
                if (ended.Status is ExecutionStatus.Failed or ExecutionStatus.TimedOut or ExecutionStatus.Lost)
                {
                    (row.Dead, row.DeadAt) = (DeadLetterState.Open, Times.Micros(ended.At));
                }

                break;
            case DeadLetterDropped dropped when Known(dropped.Execution) is { Dead: not null } row:
                (row.Dead, row.DeadAt, row.DeadBy) = (DeadLetterState.Dropped, Times.Micros(dropped.At), dropped.By.Name);
                break;
            case CancelRequested cancel when Known(cancel.Execution) is { } row:
                row.Detail = $"{cancel.Reason} ({cancel.By})";
                break;
            case SlotQueued queued:
                var waiting = Slot(queued.Job, queued.Nominal);
                waiting.Trigger = queued.Trigger;
                waiting.Listed = Times.Micros(at);
                break;
            case SlotsSkipped { Count: 1 } skipped:
                Skip(Slot(skipped.Job, skipped.First), skipped, Times.Micros(at));
                break;
            case SlotsSkipped skipped:
                SkipRange(skipped, Times.Micros(at));
                break;
            case PlanSet plan:
                _history!.Know(plan.Job, plan.Tenant, plan.Definition.Name);
                break;
            case BackfillStarted or BackfillAdvanced or BackfillEnded:
                _history!.Fold(item, TenantOf(item.Job));
                break;
        }
    }

    private void Start(ExecutionStarted e)
    {
        var row = Row(e.Id, e.Job, e.Nominal);
        var at = Times.Micros(e.At);
        row.Trigger = e.Trigger;
        row.Revision = e.Revision;
        row.Claimed = at;

        // By when it is due, where it was claimed ahead: who asks from an instant on is given the slots of that instant.
        row.Listed = Times.Micros(e.Begins);
        row.Source = e.Source;
        row.Payload = e.Payload;
        row.By = e.By?.Name;
        row.Detail = e.Note;
        Begin(row, 1, e.Node, Times.Micros(e.Begins));
        if (e.Trigger == ExecutionTrigger.Replay && ExecutionId.TryParse(e.Source, out var repeated) && Known(repeated) is { Dead: not null } dead)
        {
            (dead.Dead, dead.DeadAt, dead.DeadBy, dead.DeadAs) = (DeadLetterState.Replayed, at, e.By?.Name, e.Id.Value);
        }

        if (e.Trigger == ExecutionTrigger.Backfill && e.Source is { } operation)
        {
            _history!.CountStart(operation);
        }
    }

    private static void Begin(LedgerRow row, int number, string node, long at)
    {
        row.Status = ExecutionStatus.Running;
        row.Node = node;
        row.RetryAt = null;
        row.Started ??= at;
        var attempt = row.AttemptOf(number);
        attempt.Node = node;
        attempt.Started = at;
    }

    private static void End(LedgerRow row, AttemptEnded e)
    {
        var attempt = row.AttemptOf(e.Attempt);
        attempt.Started = Times.Micros(e.StartedAt);
        attempt.Ended = Times.Micros(e.At);
        attempt.DurationMs = e.DurationMs;
        attempt.Failure = e.Failure;
        attempt.StatusCode = e.StatusCode;
        attempt.Error = e.Error;
        attempt.Excerpt = e.Excerpt;
        attempt.RetryAt = e.RetryAt is { } next ? Times.Micros(next) : null;
        attempt.Facts = e.Facts is { Count: > 0 } facts ? new SortedDictionary<string, string>(facts, StringComparer.Ordinal) : null;
        NoteStart(row, attempt, e.Due);
        if (e.RetryAt is not null)
        {
            row.Status = ExecutionStatus.Pending;
            row.RetryAt = attempt.RetryAt;
        }
    }

    private static void Accept(LedgerRow row, AttemptAccepted e)
    {
        var attempt = row.AttemptOf(e.Attempt);
        attempt.Started = Times.Micros(e.StartedAt);
        attempt.StatusCode = e.StatusCode;
        NoteStart(row, attempt, e.Due);
    }

    /// <summary>An execution begins with the first attempt that left, and is as late as that one: what an open circuit refused was not sent.</summary>
    private static void NoteStart(LedgerRow row, StoredAttempt attempt, DateTimeOffset? due)
    {
        if (!row.Attempts.TakeWhile(earlier => !ReferenceEquals(earlier, attempt)).All(static earlier => earlier.Failure == FailureClass.CircuitOpen))
        {
            return;
        }

        if (attempt.Failure == FailureClass.CircuitOpen)
        {
            (row.Started, row.LatenessMs) = (null, null);
        }
        else
        {
            row.Started = attempt.Started;
            row.LatenessMs = (attempt.Started - (due is { } at ? Times.Micros(at) : row.Nominal)) / 1000.0;
        }
    }

    private static void Skip(LedgerRow row, SlotsSkipped e, long at)
    {
        row.Status = ExecutionStatus.Skipped;
        row.Reason = e.Reason;
        row.Detail = e.Detail;
        row.Listed = at;
        row.Finished = at;
    }

    private void SkipRange(SlotsSkipped e, long at)
    {
        // Slots of the range that had been queued are rows already: they get the fate of the range, each.
        Flush();
        var tenant = TenantOf(e.Job);
        foreach (var row in _writer!.Waiting(e.Job.Value, Times.Micros(e.First), Times.Micros(e.Last)))
        {
            Skip(row, e, at);
            var id = LedgerReader.IdOf(row);
            _open.Remove(id);
            _dirty.Add(id, row);
        }

        _history!.SkipRange(e, tenant, at);
        _writer.CountRange(tenant, at, e.Count - _dirty.Count);
        Flush();
    }

    private LedgerRow Slot(JobId job, DateTimeOffset nominal) => Row(ExecutionId.ForSlot(job, nominal), job, nominal);

    private LedgerRow Row(ExecutionId id, JobId job, DateTimeOffset nominal)
    {
        if (Held(id) is { } held)
        {
            return held;
        }

        var micros = Times.Micros(nominal);
        var row = _writer!.Find(id, job.Value, micros) ?? new LedgerRow
        {
            Tenant = TenantOf(job),
            Job = job.Value,
            Nominal = micros,
            Run = id.IsSlot ? string.Empty : id.Value[(JobId.Length + 1)..],
        };
        _dirty.Add(id, row);
        return row;
    }

    /// <summary>The row of an execution that the ledger has; null when retention has removed it.</summary>
    private LedgerRow? Known(ExecutionId id)
    {
        if (Held(id) is { } held)
        {
            return held;
        }

        var nominal = 0L;
        if (id.IsSlot)
        {
            nominal = Rfc3339.TryParse(id.Value[(JobId.Length + 1)..], out var at) ? Times.Micros(at) : throw new InvalidDataException($"{id} names no instant");
        }

        var row = _writer!.Find(id, id.Job.Value, nominal);
        if (row is not null)
        {
            _dirty.Add(id, row);
        }

        return row;
    }

    /// <summary>The row as far as it is in memory; it will be written with this chunk.</summary>
    private LedgerRow? Held(ExecutionId id)
    {
        if (!_dirty.TryGetValue(id, out var row) && _open.Remove(id, out row))
        {
            _dirty.Add(id, row);
        }

        return row;
    }

    private string TenantOf(JobId job)
    {
        if (!_tenants.TryGetValue(job, out var tenant))
        {
            tenant = _writer!.TenantOf(job) ?? throw new InvalidDataException($"nothing in the journal says whose the job {job} is");
            if (_tenants.Count >= MaxTenants)
            {
                _tenants.Clear();
            }

            _tenants.Add(job, tenant);
        }

        return tenant;
    }

    /// <summary>Has not ended, and holds nothing large: no payload, no response of an attempt before.</summary>
    private static bool IsLight(LedgerRow row) =>
        row is { Status: ExecutionStatus.Pending or ExecutionStatus.Running, Payload: null, Attempts: [] or [{ Excerpt: null, Error: null }] };

    private void Flush()
    {
        foreach (var (id, row) in _dirty)
        {
            _writer!.Save(row);
            if (IsLight(row) && _open.Count < MaxOpen)
            {
                _open.Add(id, row);
            }
        }

        _writer!.Flush();
        _dirty.Clear();
    }

    /// <summary>The execution that an item will be folded into, if it is one that exists by itself.</summary>
    private static ExecutionId? Concerned(TimetableItem item) => item switch
    {
        ExecutionStarted e => e.Id,
        AttemptStarted e => e.Execution,
        AttemptAccepted e => e.Execution,
        AttemptEnded e => e.Execution,
        ExecutionEnded e => e.Execution,
        DeadLetterDropped e => e.Execution,
        CancelRequested e => e.Execution,
        SlotQueued e => ExecutionId.ForSlot(e.Job, e.Nominal),
        SlotsSkipped { Count: 1 } e => ExecutionId.ForSlot(e.Job, e.First),
        _ => null,
    };
}
