using System.Net;
using Akka.Actor;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;

namespace Chronos.Actors.Dispatching.Kafka;

/// <summary>Writes messages to topics of Kafka; a message counts as sent when the brokers have acknowledged it.</summary>
public sealed class KafkaDispatcher : IDispatcher, IAsyncDisposable
{
    private readonly KafkaDispatchOptions _options;
    private readonly BrokerAttempts _attempts;
    private readonly BrokerConnections<KafkaProducer> _producers;
    private readonly KafkaGuard _guard;
    private readonly Func<ActorSystem> _system;
    private readonly TimeProvider _time;

    /// <param name="system">Where the streams run; asked for when the first message is sent.</param>
    public KafkaDispatcher(KafkaDispatchOptions options, ISecretSource secrets, CircuitBoard circuits, TimeProvider time, Func<ActorSystem> system)
        : this(options, secrets, circuits, time, system, static (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation))
    {
    }

    internal KafkaDispatcher(KafkaDispatchOptions options, ISecretSource secrets, CircuitBoard circuits, TimeProvider time, Func<ActorSystem> system, ResolveName resolve)
    {
        (_options, _time, _system) = (options, time, system);
        _attempts = new BrokerAttempts(secrets, circuits, time);
        _producers = new BrokerConnections<KafkaProducer>(options.MaxProducers, options.ProducerIdle, time);
        _guard = new KafkaGuard(resolve, options.AllowPrivateTargets);
    }

    public Protocol Protocol => Protocol.Kafka;

    /// <summary>How many producers are open.</summary>
    internal int Producers => _producers.Count;

    public Task<AttemptOutcome> DispatchAsync(AttemptRequest request, CancellationToken cancellation) =>
        _attempts.RunAsync(
            request,
            secrets => new KafkaMessage(
                request, secrets, _producers, _options, message => new KafkaProducer(message.Config, message.Brokers, _options, _guard, _system, _time)),
            cancellation);

    public ValueTask DisposeAsync() => _producers.DisposeAsync();
}
