using Xunit;

namespace Chronos.Tests.Kit;

/// <summary>
/// Tests that measure time or memory, or judge several processes under load. They run one after another when everything else is over: with
/// other tests beside them they would judge the machine.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone on the machine";
}
