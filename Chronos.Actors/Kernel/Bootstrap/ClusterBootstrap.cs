using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Chronos.Core.Clustering;

namespace Chronos.Actors.Kernel.Bootstrap;

/// <summary>
/// Brings a node into the one cluster: asks the contact points whether they are in one, joins it, or founds it when it is this node's turn.
/// Ends when the node is a member.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "An actor ends in PostStop, which cancels what it waits for")]
public sealed class ClusterBootstrap : UntypedActor, IWithTimers
{
    /// <summary>A join that has not worked by then is decided anew: those who were to be joined may be gone.</summary>
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(15);

    private readonly BootstrapSettings _settings;
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly CancellationTokenSource _ending = new();
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private BootstrapView _view;
    private BootstrapStep? _last;
    private bool _looking;
    private bool _claiming;
    private long? _joining;

    public ClusterBootstrap(BootstrapSettings settings)
    {
        _settings = settings;
        _view = BootstrapView.Of(_cluster.SelfAddress.ToString(), settings.Time.GetUtcNow());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _log.Info("Looking for the other nodes at {Contacts}", _settings.Discovery.What);
        Timers.StartPeriodicTimer(nameof(Look), Look.Instance, TimeSpan.Zero, _settings.Interval);
    }

    protected override void PostStop() => _ending.Cancel();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Look when _cluster.SelfMember.Status is MemberStatus.Up or MemberStatus.WeaklyUp:
                _log.Info("This node is a member of the cluster of {Leader}", _cluster.State.Leader);
                Context.Stop(Self);
                break;
            case Look:
                LookAround();
                break;
            case Contacts found:
                _looking = false;
                _view = _view.Found(found.Points, _settings.Time.GetUtcNow());
                break;
            case NoContacts none:
                _looking = false;
                _log.Warning("The contact points could not be looked up: {Reason}", none.Reason);
                break;
            case Answered answered:
                _asked.Remove(answered.Contact);
                _view = answered.Answer is { } answer ? _view.Heard(answered.Contact, answer) : _view.Silent(answered.Contact);
                Act();
                break;
            case Claimed claimed:
                _claiming = false;
                Found(claimed);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void LookAround()
    {
        if (!_looking)
        {
            _looking = true;
            FindContacts().PipeTo(Self);
        }

        foreach (var contact in _view.Contacts.Where(_asked.Add))
        {
            Ask(contact).PipeTo(Self);
        }
    }

    private void Act()
    {
        var now = _settings.Time.GetUtcNow();
        if (_claiming || (_joining is { } since && _settings.Time.GetElapsedTime(since) < JoinPatience))
        {
            return;
        }

        var step = _view.Decide(_settings.Rule, now);
        if (step != _last && step is BootstrapStep.Wait wait)
        {
            _log.Info("Not in a cluster yet: {Reason}", wait.Why);
        }

        _last = step;
        switch (step)
        {
            case BootstrapStep.Join join:
                _log.Info("Joining the cluster of {Seeds}", string.Join(", ", join.Seeds));
                _joining = _settings.Time.GetTimestamp();
                _cluster.JoinSeedNodes(join.Seeds.Select(Address.Parse));
                break;
            case BootstrapStep.Found:
                _claiming = true;
                Claim().PipeTo(Self);
                break;
        }
    }

    private void Found(Claimed claimed)
    {
        if (!claimed.Granted)
        {
            _log.Warning("It is this node's turn to found the cluster, but it may not: {Reason}", claimed.Reason);
            return;
        }

        // The answers may have changed while it was asked.
        if (_view.Decide(_settings.Rule, _settings.Time.GetUtcNow()) is BootstrapStep.Found)
        {
            _log.Info("Founding the cluster: {Contacts} contact points answered that there is none, and this node has the lowest address", _view.Contacts.Count);
            _joining = _settings.Time.GetTimestamp();
            _cluster.Join(_cluster.SelfAddress);
        }
    }

    private async Task<object> FindContacts()
    {
        try
        {
            return new Contacts(await _settings.Discovery.FindAsync(_ending.Token).ConfigureAwait(false));
        }
        catch (Exception e)
        {
            return new NoContacts(e.Message);
        }
    }

    private async Task<Answered> Ask(string contact)
    {
        try
        {
            return new Answered(contact, await _settings.Probe(contact, _ending.Token).ConfigureAwait(false));
        }
        catch (Exception)
        {
            return new Answered(contact, null);
        }
    }

    private async Task<Claimed> Claim()
    {
        try
        {
            return await _settings.Claim(_cluster.SelfUniqueAddress.ToString(), _ending.Token).ConfigureAwait(false)
                ? new Claimed(true, "")
                : new Claimed(false, "another node is founding one at this moment");
        }
        catch (Exception e)
        {
            return new Claimed(false, $"the database does not answer ({e.GetType().Name})");
        }
    }

    private sealed class Look : INoSerializationVerificationNeeded
    {
        public static readonly Look Instance = new();
    }

    private sealed record Contacts(ImmutableArray<string> Points) : INoSerializationVerificationNeeded;

    private sealed record NoContacts(string Reason) : INoSerializationVerificationNeeded;

    private sealed record Answered(string Contact, ContactAnswer? Answer) : INoSerializationVerificationNeeded;

    private sealed record Claimed(bool Granted, string Reason) : INoSerializationVerificationNeeded;
}
