using Akka.Actor;
using Chronos.Actors.Dispatching.Http;
using Confluent.Kafka;

namespace Chronos.Actors.Dispatching.Kafka;

/// <summary>
/// The producer of one set of brokers and credentials. It survives what its line does not: when all brokers are gone, or the client
/// has given up, the line is thrown away with everything in it, and the next message makes a new one.
/// </summary>
internal sealed class KafkaProducer(ProducerConfig config, IReadOnlyList<string> brokers, KafkaDispatchOptions options, KafkaGuard guard, Func<ActorSystem> system, TimeProvider time)
    : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private Lazy<Task<KafkaLine>>? _line;
    private bool _closed;

    /// <summary>Sends one message and waits for its acknowledgement.</summary>
    /// <exception cref="KafkaException">It was not acknowledged.</exception>
    public async Task<DeliveryResult<byte[], byte[]>> SendAsync(TopicPartition to, Message<byte[], byte[]> message, CancellationToken cancellation)
    {
        var line = await CurrentAsync().WaitAsync(cancellation).ConfigureAwait(false);
        await line.CheckAsync(to, cancellation).ConfigureAwait(false);
        return await line.SendAsync(to, message, cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        Lazy<Task<KafkaLine>>? line;
        lock (_gate)
        {
            (_closed, line, _line) = (true, _line, null);
        }

        if (line is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await line.Value.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
    }

    private Task<KafkaLine> CurrentAsync()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_line is { IsValueCreated: true } known && (known.Value.IsFaulted || known.Value.IsCanceled || (known.Value.IsCompletedSuccessfully && known.Value.Result.IsBroken)))
            {
                _line = null;
            }

            return (_line ??= new Lazy<Task<KafkaLine>>(OpenAsync)).Value;
        }
    }

    private async Task<KafkaLine> OpenAsync()
    {
        using var limit = new CancellationTokenSource(options.ConnectTimeout, time);
        await guard.ReachAsync(brokers, limit.Token).ConfigureAwait(false);
        try
        {
            return new KafkaLine(config, options, guard, system(), time);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or KafkaException)
        {
            // Its text may repeat a setting.
            throw new RequestFaultException("kafka.tls or kafka.auth: the client does not take the certificate, its key, the authorities or the credential");
        }
    }
}
