using Akka.Actor;
using Akka.Coordination;
using Akka.Event;
using Chronos.Actors.Journal;
using Npgsql;

namespace Chronos.Actors.Kernel;

/// <summary>
/// Arbitrates between the parts of a cluster that was torn apart: a row in the database of the journal, with owner, expiry by the clock of the
/// database and a token that only rises. Who acquires it writes down whom it counts as lost, and who was counted as lost never acquires it again.
/// </summary>
/// <remarks>
/// The split-brain resolver holds a lease for as long as the other side might still ask for it, and a node that dies meanwhile takes it along.
/// With the losses written down, the lease needs to be held only while it is fought for. See <c>NOTES.md</c>.
/// </remarks>
public sealed class PostgresLease : Lease
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly LeaseTable _table;
    private readonly Func<IReadOnlyCollection<string>> _lost;
    private readonly Func<string> _owner;
    private readonly Action<string> _tell;

    /// <summary>Made by Akka, from <c>chronos.cluster.lease</c>.</summary>
    public PostgresLease(LeaseSettings settings, ExtendedActorSystem system)
        : this(settings, AddressOf(system), () => Self(system), () => Unreachable(system), text => Logging.GetLogger(system, nameof(PostgresLease)).Info("{Event}", text))
    {
    }

    internal PostgresLease(LeaseSettings settings, PostgresAddress address, Func<string> owner, Func<IReadOnlyCollection<string>> lost, Action<string> tell)
        : base(settings)
    {
        (_owner, _lost, _tell) = (owner, lost, tell);
        _table = new LeaseTable(address, settings.LeaseName);
    }

    public override Task<bool> Acquire() => Acquire(_ => { });

    /// <summary>
    /// Waits for a lease that another holds, since he may have died with it. False when he still has it after <c>lease-operation-timeout</c>, and at
    /// once when this node was counted as lost; an exception when the database did not answer for so long.
    /// </summary>
    public override async Task<bool> Acquire(Action<Exception> leaseLostCallback)
    {
        var time = TimeProvider.System;
        var began = time.GetTimestamp();
        var (owner, lost) = (_owner(), _lost());
        while (true)
        {
            var isLate = time.GetElapsedTime(began) >= Settings.TimeoutSettings.OperationTimeout;
            try
            {
                var answer = await _table.TryAcquireAsync(owner, lost, Settings.TimeoutSettings.HeartbeatTimeout, CancellationToken.None).ConfigureAwait(false);
                if (answer.State != LeaseState.Held || isLate)
                {
                    _tell($"lease {Settings.LeaseName}, token {answer.Token}: {answer.State} for {owner}, which counts [{string.Join(", ", lost)}] as lost");
                    return answer.State == LeaseState.Acquired;
                }
            }
            catch (NpgsqlException e) when (!isLate)
            {
                _tell($"lease {Settings.LeaseName}: the database does not answer, it is tried again: {e.GetType().Name}");
            }
            catch (NpgsqlException e)
            {
                throw new LeaseException($"whether {owner} has the lease {Settings.LeaseName} is unknown: the database did not answer ({e.SqlState ?? e.GetType().Name})");
            }

            await Task.Delay(Pause, time).ConfigureAwait(false);
        }
    }

    /// <summary>Free at once, for whoever asks next. False when it was not held any more.</summary>
    public override async Task<bool> Release()
    {
        try
        {
            await _table.ReleaseAsync(_owner(), CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (NpgsqlException e)
        {
            throw new LeaseException($"the lease {Settings.LeaseName} was not released: the database did not answer ({e.SqlState ?? e.GetType().Name})");
        }
    }

    /// <summary>Never certain without asking: each decision has to be written down with whom it counts as lost, so each acquires anew.</summary>
    public override bool CheckLease() => false;

    private static PostgresAddress AddressOf(ActorSystem system) => JournalSetup.Of(system).Options.Postgres
        ?? throw new InvalidOperationException("a lease needs a journal in PostgreSQL");

    private static string Self(ActorSystem system) => Akka.Cluster.Cluster.Get(system).SelfUniqueAddress.ToString();

    private static IReadOnlyCollection<string> Unreachable(ActorSystem system) =>
        [.. Akka.Cluster.Cluster.Get(system).State.Unreachable.Select(member => member.UniqueAddress.ToString())];
}
