using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Tests.Actors.Dispatching;

namespace Chronos.Tests.Compliance;

public sealed class HttpDispatcherComplianceTests : AnsweringDispatcherCompliance
{
    protected override async Task<IComplianceTarget> StartTargetAsync() => await HttpTarget.StartAsync();

    protected override IDispatcher CreateDispatcher(ISecretSource secrets) => new HttpDispatcher(
        new HttpDispatchOptions { AllowPrivateTargets = true }, secrets, new CircuitBoard(new CircuitOptions(), TimeProvider.System), TimeProvider.System);
}
