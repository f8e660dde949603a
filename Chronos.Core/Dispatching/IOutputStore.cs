using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching;

/// <summary>A response that is longer than its excerpt.</summary>
public sealed record StoredOutput(string ContentType, byte[] Bytes, DateTimeOffset At);

/// <summary>Keeps whole responses outside the journal, on the node that got them. Best effort: the excerpt in the journal is the durable truth.</summary>
public interface IOutputStore
{
    /// <summary>Queues a write; drops it (and counts that) when the store is behind.</summary>
    void Save(TenantId tenant, ExecutionId execution, int attempt, StoredOutput output);

    /// <summary>Writes it down and says whether it is there; false when the store is behind or broken.</summary>
    Task<bool> KeepAsync(TenantId tenant, ExecutionId execution, int attempt, StoredOutput output, CancellationToken cancellation);

    StoredOutput? Find(TenantId tenant, ExecutionId execution, int attempt);
}
