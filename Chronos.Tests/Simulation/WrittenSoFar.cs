using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Tests.Simulation;

/// <summary>What stands in the journal at present, as far as somebody was promised it. Reads on from where it was.</summary>
internal sealed class WrittenSoFar(SimulatedStore store)
{
    private readonly int[] _read = new int[Conditions.Timetables];
    private readonly Dictionary<JobId, long> _plans = [];
    private readonly HashSet<string> _begun = [];

    /// <summary>The highest version of the job's plan that its timetable has.</summary>
    public long PlanOf(JobId job)
    {
        Read();
        return _plans.GetValueOrDefault(job, -1);
    }

    /// <summary>Whether an execution, or a backfill, has begun.</summary>
    public bool HasBegun(string id)
    {
        Read();
        return _begun.Contains(id);
    }

    private void Read()
    {
        for (var n = 0; n < _read.Length; n++)
        {
            var rows = store.Stream(TimetableIncarnation.StreamOf(n));
            for (; _read[n] < rows.Count; _read[n]++)
            {
                foreach (var item in ((TimetableBatch)rows[_read[n]]).Items)
                {
                    Note(item);
                }
            }
        }
    }

    private void Note(TimetableItem item)
    {
        switch (item)
        {
            case PlanSet i:
                _plans[i.Job] = Math.Max(_plans.GetValueOrDefault(i.Job, -1), i.Version);
                break;
            case PlanRemoved i:
                _plans[i.Job] = Math.Max(_plans.GetValueOrDefault(i.Job, -1), i.Version);
                break;
            case ExecutionStarted i:
                _begun.Add(i.Id.Value);
                break;
            case BackfillStarted i:
                _begun.Add(i.Operation);
                break;
        }
    }
}
