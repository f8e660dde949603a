using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Nats;
using Chronos.Core.Dispatching;
using Chronos.Tests.Actors.Dispatching;

namespace Chronos.Tests.Compliance;

/// <summary>Requests that a service answers.</summary>
public sealed class NatsRequestComplianceTests : AnsweringDispatcherCompliance
{
    protected override async Task<IComplianceTarget> StartTargetAsync() => await NatsTarget.StartAsync("request");

    protected override IDispatcher CreateDispatcher(ISecretSource secrets) => Create(secrets);

    internal static NatsDispatcher Create(ISecretSource secrets) => new(
        new NatsDispatchOptions { AllowPrivateTargets = true }, secrets, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System);
}

/// <summary>Messages that a stream stores.</summary>
public sealed class NatsJetstreamComplianceTests : DispatcherCompliance
{
    protected override async Task<IComplianceTarget> StartTargetAsync() => await NatsTarget.StartAsync("jetstream");

    protected override IDispatcher CreateDispatcher(ISecretSource secrets) => NatsRequestComplianceTests.Create(secrets);
}
