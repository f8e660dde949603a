using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs.Timetabling;

/// <summary>What is kept of deleted jobs, so that a message which comes late or twice finds out that the job is gone: of the last 4,096.</summary>
internal sealed class RemovedJobs
{
    private const int Remembered = 4096;

    private readonly Dictionary<JobId, RemovedJob> _jobs = [];
    private readonly Queue<JobId> _order = new();

    /// <summary>In the order of their deletion.</summary>
    public IEnumerable<RemovedJob> All => _order.Select(job => _jobs[job]);

    public RemovedJob? Find(JobId job) => _jobs.GetValueOrDefault(job);

    public void Remember(RemovedJob removed)
    {
        if (!_jobs.ContainsKey(removed.Job))
        {
            _order.Enqueue(removed.Job);
        }

        _jobs[removed.Job] = removed;
        if (_jobs.Count > Remembered)
        {
            _jobs.Remove(_order.Dequeue());
        }
    }
}
