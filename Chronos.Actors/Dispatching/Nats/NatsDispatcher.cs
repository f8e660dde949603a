using System.Net;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Nats;

namespace Chronos.Actors.Dispatching.Nats;

/// <summary>Sends attempts over NATS: publish, request and reply, and JetStream.</summary>
public sealed class NatsDispatcher : IDispatcher, IAsyncDisposable
{
    private static readonly ParsedSections<NatsSection> Sections = new("nats", NatsSection.Parse);

    private readonly NatsDispatchOptions _options;
    private readonly BrokerAttempts _attempts;
    private readonly BrokerConnections<NatsLink> _links;
    private readonly GuardedConnector _connector;

    public NatsDispatcher(NatsDispatchOptions options, ISecretSource secrets, CircuitBoard circuits, TimeProvider time)
        : this(options, secrets, circuits, time, static (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation))
    {
    }

    internal NatsDispatcher(NatsDispatchOptions options, ISecretSource secrets, CircuitBoard circuits, TimeProvider time, ResolveName resolve)
    {
        _options = options;
        _attempts = new BrokerAttempts(secrets, circuits, time);
        _links = new BrokerConnections<NatsLink>(options.MaxConnections, options.ConnectionIdle, time);
        _connector = new GuardedConnector(resolve, options.AllowPrivateTargets);
    }

    public Protocol Protocol => Protocol.Nats;

    public Task<AttemptOutcome> DispatchAsync(AttemptRequest request, CancellationToken cancellation) =>
        _attempts.RunAsync(request, secrets => NatsMessage.Prepare(request, Sections.Get(request.Target.Section), secrets, Rent, _options), cancellation);

    public ValueTask DisposeAsync() => _links.DisposeAsync();

    private BrokerConnections<NatsLink>.Lease Rent(NatsEndpoint endpoint) =>
        _links.Rent(endpoint.Identity, () => new NatsLink(endpoint, _connector, _options));
}
