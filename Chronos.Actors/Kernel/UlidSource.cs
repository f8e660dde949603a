using System.Security.Cryptography;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Kernel;

/// <summary>ULIDs from the clock and the system's randomness: the one place where this project makes identities up.</summary>
public sealed class UlidSource(TimeProvider time) : IIdSource
{
    public string NewUlid() => Ulids.Compose(time.GetUtcNow(), RandomNumberGenerator.GetBytes(10));
}
