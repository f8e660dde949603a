using Akka.Actor;
using Chronos.Actors.Kernel;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;

namespace Chronos.Actors.Jobs;

/// <summary>
/// Attempts of one timetable whose claim is durable and whose time has not come: kept beside its offers until the very instant, see
/// <see cref="HeldAttempts"/>.
/// </summary>
internal sealed class HeldOffers
{
    private readonly HeldAttempts _held = new();
    private readonly OfferQueue _offers;
    private readonly Predicate<AttemptRequest> _mayLeave;
    private readonly TimeProvider _time;
    private readonly ExactTimers.Timer _timer;
    private readonly long _began;

    /// <param name="self">Is told <see cref="Due"/> when it is time for <see cref="Release"/>.</param>
    /// <param name="mayLeave">Asked when its time has come: whether it is still to be sent.</param>
    public HeldOffers(OfferQueue offers, Predicate<AttemptRequest> mayLeave, IActorRef self, TimeProvider time)
    {
        (_offers, _mayLeave, _time, _began) = (offers, mayLeave, time, time.GetTimestamp());
        _timer = ExactTimers.Shared.Create(() => self.Tell(Due.Instance));
    }

    /// <summary>Offers the attempt when it is due; what is, with the next <see cref="Release"/>.</summary>
    public void Add(AttemptRequest attempt)
    {
        if (attempt.NotBefore is null)
        {
            _offers.Add(attempt);
        }
        else
        {
            _held.Hold(attempt, _time.GetUtcNow(), _time.GetElapsedTime(_began));
        }
    }

    /// <summary>Takes back an attempt that no dispatcher has; null when one may have it.</summary>
    public AttemptRequest? Withdraw(ExecutionId execution) => _held.Withdraw(execution) ?? _offers.Withdraw(execution);

    /// <summary>Offers what is due and was added since the last time, and sleeps to the next.</summary>
    public void Release()
    {
        if (_held.Count > 0)
        {
            _held.Release(_time.GetUtcNow(), _time.GetElapsedTime(_began), _mayLeave, _offers.Add);
        }

        _offers.OfferAll();
        if (_held.Wait(_time.GetUtcNow(), _time.GetElapsedTime(_began)) is { } wait)
        {
            _timer.Set(wait);
        }
    }

    /// <summary>Nobody is told any more.</summary>
    public void End() => _timer.Dispose();

    /// <summary>Something that was held may be due.</summary>
    internal sealed class Due : INoSerializationVerificationNeeded
    {
        public static readonly Due Instance = new();
    }
}
