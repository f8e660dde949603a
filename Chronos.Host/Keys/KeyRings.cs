using Akka.Actor;
using Akka.Hosting;
using Chronos.Actors.NodeStore;
using Chronos.Core.Governance.Access;

namespace Chronos.Host.Keys;

/// <summary>Asks the key ring of a tenant.</summary>
internal sealed class KeyRings(IRequiredActor<KeyRingKey> rings)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public async Task<IKeyRingReply> Ask(IKeyRingCommand command, CancellationToken cancellation) =>
        await (await rings.GetAsync(cancellation)).Ask<IKeyRingReply>(command, Patience, cancellation);
}
