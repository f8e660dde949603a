using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Grpc;
using Chronos.Core.Dispatching;
using Chronos.Tests.Actors.Dispatching;

namespace Chronos.Tests.Compliance;

public sealed class GrpcDispatcherComplianceTests : AnsweringDispatcherCompliance
{
    protected override async Task<IComplianceTarget> StartTargetAsync() => await GrpcTarget.StartAsync();

    protected override IDispatcher CreateDispatcher(ISecretSource secrets) => new GrpcDispatcher(
        new GrpcDispatchOptions { AllowPrivateTargets = true }, secrets, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System);
}
