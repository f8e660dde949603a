using System.Collections;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>
/// The executions of a job that have not ended, by identity; immutable. Nearly every job has none or one, and each execution changes this
/// three times: few are a plain array, many a tree.
/// </summary>
[SuppressMessage("Naming", "CA1710", Justification = "It says what it holds; that it is a dictionary is how it is asked")]
public sealed class RunningExecutions : IReadOnlyDictionary<ExecutionId, RunningExecution>
{
    public static readonly RunningExecutions Empty = new([], null);

    private const int Few = 8;

    private readonly RunningExecution[] _few;
    private readonly ImmutableDictionary<ExecutionId, RunningExecution>? _many;

    private RunningExecutions(RunningExecution[] few, ImmutableDictionary<ExecutionId, RunningExecution>? many) => (_few, _many) = (few, many);

    public static RunningExecutions Of(ImmutableArray<RunningExecution> executions) =>
        executions.IsEmpty ? Empty
        : executions.Length <= Few ? new RunningExecutions([.. executions], null)
        : new RunningExecutions([], executions.ToImmutableDictionary(e => e.Id));

    public int Count => _many?.Count ?? _few.Length;

    public bool IsEmpty => Count == 0;

    public IEnumerable<ExecutionId> Keys => Values.Select(e => e.Id);

    public IEnumerable<RunningExecution> Values => _many?.Values ?? _few;

    public RunningExecution this[ExecutionId key] => TryGetValue(key, out var execution) ? execution : throw new KeyNotFoundException($"{key} does not run");

    public bool ContainsKey(ExecutionId key) => TryGetValue(key, out _);

    public bool TryGetValue(ExecutionId key, [MaybeNullWhen(false)] out RunningExecution value)
    {
        if (_many is not null)
        {
            return _many.TryGetValue(key, out value);
        }

        var place = PlaceOf(key);
        if (place < 0)
        {
            value = null;
            return false;
        }

        value = _few[place];
        return true;
    }

    /// <summary>With this execution, new or changed.</summary>
    public RunningExecutions With(RunningExecution execution)
    {
        if (_many is not null)
        {
            return new RunningExecutions([], _many.SetItem(execution.Id, execution));
        }

        var place = PlaceOf(execution.Id);
        if (place < 0)
        {
            return _few.Length < Few
                ? new RunningExecutions([.. _few, execution], null)
                : new RunningExecutions([], _few.Append(execution).ToImmutableDictionary(e => e.Id));
        }

        RunningExecution[] changed = [.. _few];
        changed[place] = execution;
        return new RunningExecutions(changed, null);
    }

    public RunningExecutions Without(ExecutionId key)
    {
        if (_many is not null)
        {
            var left = _many.Remove(key);
            return left.Count <= Few / 2 ? Of([.. left.Values]) : new RunningExecutions([], left);
        }

        var place = PlaceOf(key);
        return place < 0 ? this
            : _few.Length == 1 ? Empty
            : new RunningExecutions([.. _few.AsSpan(0, place), .. _few.AsSpan(place + 1)], null);
    }

    public IEnumerator<KeyValuePair<ExecutionId, RunningExecution>> GetEnumerator() => Values.Select(e => KeyValuePair.Create(e.Id, e)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int PlaceOf(ExecutionId key)
    {
        for (var place = 0; place < _few.Length; place++)
        {
            if (_few[place].Id == key)
            {
                return place;
            }
        }

        return -1;
    }
}
