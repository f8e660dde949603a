using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Chronos.Actors.NodeStore;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;

namespace Chronos.Host.Executions;

/// <summary>Finds the whole output of an attempt, on whatever node it was kept. Where several have one, the newest counts.</summary>
internal sealed class OutputFinder(IOutputStore own, ActorSystem system)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The output, if any node has it, and the nodes that did not answer.</summary>
    public async Task<(StoredOutput? Output, ImmutableArray<string> Missing)> Find(TenantId tenant, ExecutionId execution, int attempt, CancellationToken cancellation)
    {
        var here = own.Find(tenant, execution, attempt);
        var cluster = Akka.Cluster.Cluster.Get(system);
        var question = new OutputQueries.GetOutput(tenant, execution, attempt, 0);
        var others = cluster.State.Members.Where(m => m.Status is MemberStatus.Up or MemberStatus.Leaving && !m.UniqueAddress.Equals(cluster.SelfUniqueAddress)).Select(m => m.Address).ToList();
        var answers = await Task.WhenAll(others.Select(async node => (Node: node, Piece: await Ask(node, question, cancellation))));
        var missing = answers.Where(a => a.Piece is null).Select(a => a.Node.ToString()).ToImmutableArray();
        var newest = answers.Where(a => a.Piece?.ContentType is not null && (here is null || a.Piece.At > here.At)).OrderByDescending(a => a.Piece!.At).FirstOrDefault();
        if (newest.Piece is null)
        {
            return (here, missing);
        }

        var there = await Rest(newest.Node, question, newest.Piece, cancellation);
        return there is null ? (here, missing.Add(newest.Node.ToString())) : (there, missing);
    }

    /// <summary>Null when the node went away, or has another output meanwhile.</summary>
    private async Task<StoredOutput?> Rest(Address node, OutputQueries.GetOutput question, OutputQueries.OutputPiece first, CancellationToken cancellation)
    {
        var bytes = new MemoryStream(first.Length);
        for (var piece = first; ;)
        {
            bytes.Write(Convert.FromBase64String(piece.Base64!));
            if (bytes.Length >= first.Length)
            {
                return new StoredOutput(first.ContentType!, bytes.ToArray(), first.At!.Value);
            }

            var next = await Ask(node, question with { Offset = (int)bytes.Length }, cancellation);
            if (next is null || next.Base64 is not { Length: > 0 } || next.At != first.At || next.Length != first.Length)
            {
                return null;
            }

            piece = next;
        }
    }

    private async Task<OutputQueries.OutputPiece?> Ask(Address node, OutputQueries.GetOutput question, CancellationToken cancellation)
    {
        try
        {
            return await system.ActorSelection(new RootActorPath(node) / "user" / OutputShelfHosting.Name).Ask<OutputQueries.OutputPiece>(question, Patience, cancellation);
        }
        catch (AskTimeoutException)
        {
            return null;
        }
    }
}
