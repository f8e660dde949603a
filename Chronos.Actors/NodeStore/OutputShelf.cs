using Akka.Actor;
using Akka.Hosting;
using Chronos.Core.Dispatching;

namespace Chronos.Actors.NodeStore;

/// <summary><c>/user/outputs</c>: hands the outputs of this node to the others, piece by piece.</summary>
internal sealed class OutputShelf : UntypedActor
{
    private readonly IOutputStore _outputs;
    private OutputQueries.GetOutput? _asked;
    private StoredOutput? _output;

    public OutputShelf(IOutputStore outputs)
    {
        _outputs = outputs;

        // What was read for somebody who went away is not kept.
        Context.SetReceiveTimeout(TimeSpan.FromSeconds(10));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case OutputQueries.GetOutput query:
                Sender.Tell(OutputQueries.OutputPiece.Of(Read(query), query.Offset));
                break;
            case ReceiveTimeout:
                (_asked, _output) = (null, null);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Read from the file for the first piece, and remembered for those after it.</summary>
    private StoredOutput? Read(OutputQueries.GetOutput query)
    {
        if (query.Offset == 0 || _asked != query with { Offset = 0 })
        {
            (_asked, _output) = (query with { Offset = 0 }, _outputs.Find(query.Tenant, query.Execution, query.Attempt));
        }

        return _output;
    }
}

/// <summary>Registers what hands out the outputs of a node.</summary>
public static class OutputShelfHosting
{
    public const string Name = "outputs";

    public static AkkaConfigurationBuilder WithOutputShelf(this AkkaConfigurationBuilder builder, IOutputStore outputs) =>
        builder.WithActors((system, _) => system.ActorOf(Props.Create(() => new OutputShelf(outputs)), Name));
}
