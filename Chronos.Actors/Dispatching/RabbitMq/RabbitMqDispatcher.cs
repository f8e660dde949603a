using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.RabbitMq;

namespace Chronos.Actors.Dispatching.RabbitMq;

/// <summary>Sends attempts to RabbitMQ and waits for the broker's confirmation.</summary>
public sealed class RabbitMqDispatcher : IDispatcher, IAsyncDisposable
{
    private static readonly ParsedSections<RabbitSection> Sections = new("rabbitmq", RabbitSection.Parse);

    private readonly RabbitDispatchOptions _options;
    private readonly TimeProvider _time;
    private readonly BrokerAttempts _attempts;
    private readonly BrokerConnections<RabbitLink> _links;

    public RabbitMqDispatcher(RabbitDispatchOptions options, ISecretSource secrets, CircuitBoard circuits, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _attempts = new BrokerAttempts(secrets, circuits, time);
        _links = new BrokerConnections<RabbitLink>(options.MaxConnections, options.ConnectionIdle, time);
    }

    public Protocol Protocol => Protocol.Rabbitmq;

    public Task<AttemptOutcome> DispatchAsync(AttemptRequest request, CancellationToken cancellation) =>
        _attempts.RunAsync(request, secrets => RabbitMessage.Prepare(request, Sections.Get(request.Target.Section), secrets, Rent, _time), cancellation);

    public ValueTask DisposeAsync() => _links.DisposeAsync();

    private BrokerConnections<RabbitLink>.Lease Rent(RabbitEndpoint endpoint) => _links.Rent(endpoint.Identity, () => new RabbitLink(endpoint, _options));
}
