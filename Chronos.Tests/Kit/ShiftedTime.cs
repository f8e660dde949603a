namespace Chronos.Tests.Kit;

/// <summary>A clock that goes as the system's does, but shows another time; timers run as ever.</summary>
internal sealed class ShiftedTime(TimeSpan shift) : TimeProvider
{
    private long _shift = shift.Ticks;

    /// <summary>How far it is from the system's clock; may be set while it runs, as an operator sets a clock.</summary>
    public TimeSpan Shift
    {
        get => new(Interlocked.Read(ref _shift));
        set => Interlocked.Exchange(ref _shift, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Shift;
}
