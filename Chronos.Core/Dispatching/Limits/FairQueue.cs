using System.Diagnostics.CodeAnalysis;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Limits;

/// <summary>What waits, job by job in turn: a job with a thousand waiting gets as much as one with a single one. Of one job, in order.</summary>
public sealed class FairQueue<T>
{
    private readonly Dictionary<JobId, LinkedListNode<Row>> _rows = [];
    private readonly LinkedList<Row> _ring = [];

    public int Count { get; private set; }

    public int CountOf(JobId job) => _rows.TryGetValue(job, out var row) ? row.Value.Items.Count : 0;

    public void Add(JobId job, T item)
    {
        RowOf(job).Items.AddLast(item);
        Count++;
    }

    /// <summary>What was taken and could not go: it stays the first of its job.</summary>
    public void PutBack(JobId job, T item)
    {
        RowOf(job).Items.AddFirst(item);
        Count++;
    }

    public bool TryTake([MaybeNullWhen(false)] out T item) => TryTake(1, static _ => true, out item);

    /// <summary>Takes the first item of the next job of which it may go. Looks at so many jobs; who was looked at goes to the end of the ring.</summary>
    public bool TryTake(int jobs, Func<T, bool> may, [MaybeNullWhen(false)] out T item)
    {
        for (var n = Math.Min(jobs, _ring.Count); n > 0; n--)
        {
            var row = _ring.First!;
            _ring.RemoveFirst();
            _ring.AddLast(row);
            var first = row.Value.Items.First!.Value;
            if (may(first))
            {
                Drop(row, row.Value.Items.First);
                item = first;
                return true;
            }
        }

        item = default;
        return false;
    }

    public bool Remove(JobId job, Func<T, bool> which, [MaybeNullWhen(false)] out T item)
    {
        if (_rows.TryGetValue(job, out var row))
        {
            for (var node = row.Value.Items.First; node is not null; node = node.Next)
            {
                if (which(node.Value))
                {
                    item = node.Value;
                    Drop(row, node);
                    return true;
                }
            }
        }

        item = default;
        return false;
    }

    private void Drop(LinkedListNode<Row> row, LinkedListNode<T> node)
    {
        row.Value.Items.Remove(node);
        Count--;
        if (row.Value.Items.Count == 0)
        {
            _ring.Remove(row);
            _rows.Remove(row.Value.Job);
        }
    }

    private Row RowOf(JobId job)
    {
        if (!_rows.TryGetValue(job, out var row))
        {
            _rows.Add(job, row = _ring.AddLast(new Row(job)));
        }

        return row.Value;
    }

    private sealed record Row(JobId Job)
    {
        public LinkedList<T> Items { get; } = [];
    }
}
