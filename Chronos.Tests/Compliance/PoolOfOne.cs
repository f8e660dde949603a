using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Hosting;
using Chronos.Actors.Dispatching;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Chronos.Tests.Compliance;

/// <summary>The real pool with one dispatcher, and a timetable that notes every outcome.</summary>
internal sealed class PoolOfOne : IAsyncDisposable
{
    private readonly ComplianceSender _dispatcher;
    private readonly IHost _host;
    private readonly IActorRef _dispatch;

    private PoolOfOne(ComplianceSender dispatcher, IHost host, IActorRef dispatch, ConcurrentQueue<TimetableFacts.AttemptFinished> finished)
    {
        (_dispatcher, _host, _dispatch, Finished) = (dispatcher, host, dispatch, finished);
    }

    public ConcurrentQueue<TimetableFacts.AttemptFinished> Finished { get; }

    public static async Task<PoolOfOne> StartAsync(IDispatcher dispatcher)
    {
        var finished = new ConcurrentQueue<TimetableFacts.AttemptFinished>();
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka("compliance", akka => akka
            .WithActors((system, registry) => registry.Register<Timetable>(system.ActorOf(Props.Create(() => new Timetable(finished)))))
            .WithDispatching(
                new DispatchOptions { StopGrace = TimeSpan.FromMilliseconds(200) }, [dispatcher], new NoOutputs(), new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System, registry => registry.Get<Timetable>()));
        var host = builder.Build();
        await host.StartAsync();
        var dispatch = await host.Services.GetRequiredService<IReadOnlyActorRegistry>().GetAsync<DispatchKey>();
        return new PoolOfOne(new ComplianceSender(dispatcher), host, dispatch, finished);
    }

    public void Offer(AttemptRequest attempt) => _dispatch.Tell(new DispatchProtocol.Offer(attempt), ActorRefs.NoSender);

    public Task StopAsync() => _host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await _dispatcher.DisposeAsync();
    }

    private sealed class Timetable(ConcurrentQueue<TimetableFacts.AttemptFinished> finished) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is TimetableFacts.AttemptFinished fact)
            {
                finished.Enqueue(fact);
                Sender.Tell(new TimetableFacts.AttemptNoted(fact.Job, fact.Execution, fact.Attempt));
            }
        }
    }

    private sealed class NoOutputs : IOutputStore
    {
        public void Save(TenantId tenant, ExecutionId execution, int attempt, StoredOutput output)
        {
        }

        public Task<bool> KeepAsync(TenantId tenant, ExecutionId execution, int attempt, StoredOutput output, CancellationToken cancellation) => Task.FromResult(false);

        public StoredOutput? Find(TenantId tenant, ExecutionId execution, int attempt) => null;
    }
}
