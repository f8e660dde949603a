using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.RabbitMq;
using Chronos.Core.Dispatching;
using Chronos.Tests.Actors.Dispatching;
using Xunit;

namespace Chronos.Tests.Compliance;

/// <summary>Against a real RabbitMQ and a quorum queue.</summary>
[Trait("speed", "slow")]
public sealed class RabbitMqDispatcherComplianceTests : DispatcherCompliance
{
    protected override async Task<IComplianceTarget> StartTargetAsync() => await RabbitTarget.StartAsync();

    protected override IDispatcher CreateDispatcher(ISecretSource secrets) => Create(secrets);

    internal static RabbitMqDispatcher Create(ISecretSource secrets) => new(
        new RabbitDispatchOptions { AllowPrivateTargets = true }, secrets, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System);
}
