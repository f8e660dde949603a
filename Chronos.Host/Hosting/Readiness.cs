namespace Chronos.Host.Hosting;

/// <summary>Whether the node still wants requests. It says no before anything else of it stops.</summary>
internal sealed class Readiness
{
    private volatile bool _leaving;

    public bool IsLeaving => _leaving;

    public void Leave() => _leaving = true;
}
