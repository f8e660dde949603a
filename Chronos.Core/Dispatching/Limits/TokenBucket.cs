namespace Chronos.Core.Dispatching.Limits;

/// <summary>Tokens that come at a rate and gather up to a burst; what leaves takes one. The clock is what is handed in.</summary>
public sealed class TokenBucket
{
    /// <summary>Who asks does so in steps of time; what falls due within one may be taken together.</summary>
    private const double StepSeconds = 0.05;

    private double _perSecond;
    private double _most;
    private double _tokens;
    private TimeSpan _at;

    public TokenBucket(double perSecond, int burst, TimeSpan now)
    {
        Set(perSecond, burst);
        (_tokens, _at) = (burst, now);
    }

    /// <summary>Whole tokens that are there.</summary>
    public int Tokens(TimeSpan now)
    {
        Refill(now);
        return (int)_tokens;
    }

    public bool TryTake(TimeSpan now)
    {
        Refill(now);
        if (_tokens < 1)
        {
            return false;
        }

        _tokens--;
        return true;
    }

    /// <summary>Another rate from now on; what has gathered stays, as far as the new burst holds it.</summary>
    public void Change(double perSecond, int burst, TimeSpan now)
    {
        Refill(now);
        Set(perSecond, burst);
        _tokens = Math.Min(_tokens, _most);
    }

    private void Set(double perSecond, int burst) => (_perSecond, _most) = (perSecond, Math.Max(burst, 1 + (perSecond * StepSeconds)));

    private void Refill(TimeSpan now)
    {
        if (now > _at)
        {
            _tokens = Math.Min(_most, _tokens + ((now - _at).TotalSeconds * _perSecond));
            _at = now;
        }
    }
}
