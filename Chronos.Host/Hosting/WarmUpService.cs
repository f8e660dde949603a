using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Chronos.Host.Hosting;

/// <summary>
/// Sends some requests to the node itself as soon as it listens, the way a job's attempt is sent, so that the first burst of a
/// fresh process does not wait for the just-in-time compiler: it was 120 ms late without, see the README's figures.
/// </summary>
/// <remarks>Nothing is claimed and nothing recorded: it uses a dispatcher of its own, of which only the compiled code stays.</remarks>
internal sealed class WarmUpService(IServer server, ISecretSource secrets, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<WarmUpService> log) : BackgroundService
{
    private const int Rounds = 6;
    private const int AtOnce = 40;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(listening.SetResult);
        await listening.Task.WaitAsync(stoppingToken);
        if (server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault(a => a.StartsWith("http://", StringComparison.Ordinal)) is not { } address)
        {
            return;
        }

        var began = time.GetTimestamp();
        var target = new DispatchTarget(Protocol.Http, JsonSerializer.Serialize(new Dictionary<string, string> { ["url"] = address + "/health/live", ["method"] = "GET" }));
        using var dispatcher = new HttpDispatcher(
            new HttpDispatchOptions { AllowPrivateTargets = true }, secrets, new CircuitBoard(new CircuitOptions(), time), time);
        for (var round = 0; round < Rounds; round++)
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(i => dispatcher.DispatchAsync(Attempt(target, round * AtOnce + i), stoppingToken)));
            if (outcomes.FirstOrDefault(o => !o.Succeeded) is { } failed)
            {
                log.LogDebug("The node could not warm up on itself: {Error}", failed.Error);
                return;
            }
        }

        log.LogDebug("Warm after {Elapsed}", time.GetElapsedTime(began));
    }

    private AttemptRequest Attempt(DispatchTarget target, int number)
    {
        var job = JobId.For(TenantId.Default, "warm-up");
        var at = time.GetUtcNow().AddSeconds(number);
        var execution = ExecutionId.ForSlot(job, at);
        return new AttemptRequest(
            TenantId.Default, job, "warm-up", 1, execution, 1, at, target, null, TimeSpan.FromSeconds(5), [],
            ImmutableSortedDictionary<string, string>.Empty, TraceIds.For(execution));
    }
}
