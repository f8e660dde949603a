using Akka.Actor;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Grpc;
using Chronos.Actors.Dispatching.Http;
using Chronos.Actors.Dispatching.Kafka;
using Chronos.Actors.Dispatching.Nats;
using Chronos.Actors.Dispatching.RabbitMq;
using Chronos.Core.Dispatching;

namespace Chronos.Host.Hosting;

/// <summary>Makes the dispatchers of a node: one of each protocol for its pools, and one for each trial of the studio.</summary>
internal sealed class Dispatchers(ChronosSettings settings, ISecretSource secrets, CircuitBoard circuits, TimeProvider time, Func<ActorSystem> system)
{
    // Keeps no circuit: a trial neither opens one nor is stopped by one.
    private readonly CircuitBoard _none = new(new CircuitOptions { MaxTargets = 0 }, time);

    public IDispatcher Open(Protocol protocol) => Open(protocol, circuits);

    public IDispatcher OpenForStudio(Protocol protocol) => Open(protocol, _none);

    private IDispatcher Open(Protocol protocol, CircuitBoard board)
    {
        var inside = settings.AllowPrivateTargets;
        return protocol switch
        {
            Protocol.Http => new HttpDispatcher(new HttpDispatchOptions { AllowPrivateTargets = inside }, secrets, board, time),
            Protocol.Kafka => new KafkaDispatcher(new KafkaDispatchOptions { AllowPrivateTargets = inside }, secrets, board, time, system),
            Protocol.Grpc => new GrpcDispatcher(new GrpcDispatchOptions { AllowPrivateTargets = inside }, secrets, board, time),
            Protocol.Nats => new NatsDispatcher(new NatsDispatchOptions { AllowPrivateTargets = inside }, secrets, board, time),
            Protocol.Rabbitmq => new RabbitMqDispatcher(new RabbitDispatchOptions { AllowPrivateTargets = inside }, secrets, board, time),
            _ => throw new ArgumentOutOfRangeException(nameof(protocol), protocol, "nobody sends over it"),
        };
    }
}

/// <summary>Registers the dispatchers.</summary>
internal static class DispatcherServices
{
    public static IServiceCollection WithDispatchers(this IServiceCollection services, ChronosSettings settings)
    {
        services.AddSingleton(p => new Dispatchers(
            settings, p.GetRequiredService<ISecretSource>(), p.GetRequiredService<CircuitBoard>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ActorSystem>));
        foreach (var protocol in Enum.GetValues<Protocol>())
        {
            services.AddSingleton(p => p.GetRequiredService<Dispatchers>().Open(protocol));
        }

        return services;
    }
}
