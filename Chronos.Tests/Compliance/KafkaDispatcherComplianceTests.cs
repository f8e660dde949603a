using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Kafka;
using Chronos.Core.Dispatching;
using Chronos.Tests.Actors.Dispatching;
using Xunit;

namespace Chronos.Tests.Compliance;

/// <summary>Against librdkafka's mock cluster in a process of its own.</summary>
[Trait("speed", "slow")]
public sealed class KafkaDispatcherComplianceTests : DispatcherCompliance, IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("kafka", "akka.loglevel = WARNING");

    public void Dispose() => _system.Dispose();

    protected override async Task<IComplianceTarget> StartTargetAsync() => await KafkaTarget.StartAsync();

    protected override IDispatcher CreateDispatcher(ISecretSource secrets) => new KafkaDispatcher(
        new KafkaDispatchOptions { AllowPrivateTargets = true }, secrets, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System, () => _system);
}
