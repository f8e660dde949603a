using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Http;
using Chronos.Actors.Jobs;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Host.Hosting;
using Xunit;

namespace Chronos.Tests.Actors.Jobs;

/// <summary>A rehearsal that fails only leaves the first burst late, so that nobody would notice; this notices.</summary>
public sealed class RehearsalTests : IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("rehearsal", "akka.loglevel = WARNING");

    public void Dispose() => _system.Dispose();

    [Fact]
    public async Task Every_burst_of_a_rehearsal_is_sent_and_answered_and_nothing_is_kept_of_it()
    {
        var (circuits, kept, sent) = (new CircuitBoard(new CircuitOptions(), TimeProvider.System), new NothingKept(), 0);
        var rehearsal = new Rehearsal(_system, ChronosServices.Catalog, kept, TimeProvider.System);
        var failure = await rehearsal.RunAsync(
            () => new Counting(new HttpDispatcher(new HttpDispatchOptions { AllowPrivateTargets = true }, new NoSecrets(), circuits, TimeProvider.System), () => Interlocked.Increment(ref sent)),
            circuits, TestContext.Current.CancellationToken);
        Assert.Null(failure);
        Assert.True(sent >= 3 * 8 * 40, $"{sent}");
        Assert.False(kept.Asked);
    }

    private sealed class Counting(HttpDispatcher dispatcher, Action count) : IDispatcher, IDisposable
    {
        public Protocol Protocol => dispatcher.Protocol;

        public Task<AttemptOutcome> DispatchAsync(AttemptRequest request, CancellationToken cancellation)
        {
            count();
            return dispatcher.DispatchAsync(request, cancellation);
        }

        public void Dispose() => dispatcher.Dispose();
    }

    private sealed class NoSecrets : ISecretSource
    {
        public string? Find(TenantId tenant, string name) => null;
    }

    private sealed class NothingKept : IOutputStore
    {
        public bool Asked { get; private set; }

        public void Save(TenantId tenant, ExecutionId execution, int attempt, StoredOutput output) => Asked = true;

        public Task<bool> KeepAsync(TenantId tenant, ExecutionId execution, int attempt, StoredOutput output, CancellationToken cancellation)
        {
            Asked = true;
            return Task.FromResult(false);
        }

        public StoredOutput? Find(TenantId tenant, ExecutionId execution, int attempt) => null;
    }
}
