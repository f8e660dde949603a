using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Akka;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;

namespace Chronos.Actors.Dispatching.Kafka;

/// <summary>
/// One instance of the client with the stream that feeds it: a bounded queue, so many messages in flight, each completed by its delivery
/// report.
/// </summary>
internal sealed class KafkaLine : IAsyncDisposable
{
    private const int MostTopics = 10_000;

    private readonly KafkaDispatchOptions _options;
    private readonly KafkaGuard _guard;
    private readonly TimeProvider _time;
    private readonly IProducer<byte[], byte[]> _producer;
    private readonly IAdminClient _admin;
    private readonly Channel<Parcel> _queue;
    private readonly ConcurrentDictionary<string, Answer> _topics = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _broken = new();
    private Error? _reason;
    private int _disposed;

    /// <summary>This object, until it is disposed of, and each call into the client. The client does not count them itself, and a call that outlives it may take the process down.</summary>
    private int _holders = 1;

    public KafkaLine(ProducerConfig config, KafkaDispatchOptions options, KafkaGuard guard, ActorSystem system, TimeProvider time)
    {
        (_options, _guard, _time) = (options, guard, time);
        _producer = new ProducerBuilder<byte[], byte[]>(config)
            .SetErrorHandler((_, error) => Notice(error))
            .SetLogHandler(static (_, _) => { })
            .Build();
        _admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        _queue = Channel.CreateBounded<Parcel>(new BoundedChannelOptions(options.MaxQueued) { SingleReader = true });
        var run = ChannelSource.FromReader(_queue.Reader)
            .SelectAsyncUnordered(options.MaxInFlight, ProduceAsync)
            .RunWith(Sink.Ignore<NotUsed>(), system.Materializer());
        run.ContinueWith(_ => Break(new Error(ErrorCode.Local_Destroy, "the node stops")), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Whether it takes nothing more.</summary>
    public bool IsBroken => _broken.IsCancellationRequested;

    /// <summary>Asks the brokers for the topic, so that a missing one, a missing partition and an address that may not be reached show before anything is sent.</summary>
    public async Task CheckAsync(TopicPartition to, CancellationToken cancellation)
    {
        if (_topics.TryGetValue(to.Topic, out var known) && _time.GetElapsedTime(known.At) > _options.TopicLifetime)
        {
            _topics.TryRemove(KeyValuePair.Create(to.Topic, known));
        }

        if (_topics.Count > MostTopics)
        {
            _topics.Clear();
        }

        var answer = _topics.GetOrAdd(to.Topic, topic => new Answer(new Lazy<Task<int>>(() => AskAsync(topic)), _time.GetTimestamp()));
        try
        {
            var partitions = await UnlessBrokenAsync(answer.Partitions.Value, cancellation).ConfigureAwait(false);
            if (to.Partition != Partition.Any && to.Partition.Value >= partitions)
            {
                throw new KafkaException(new Error(ErrorCode.Local_UnknownPartition, string.Create(CultureInfo.InvariantCulture, $"{to.Topic} has {partitions} partitions and no partition {to.Partition.Value}")));
            }
        }
        catch (Exception) when (answer.Partitions.Value.IsFaulted)
        {
            _topics.TryRemove(KeyValuePair.Create(to.Topic, answer));
            throw;
        }
    }

    public async Task<DeliveryResult<byte[], byte[]>> SendAsync(TopicPartition to, Message<byte[], byte[]> message, CancellationToken cancellation)
    {
        var parcel = new Parcel(to, message, cancellation);
        try
        {
            await UnlessBrokenAsync(_queue.Writer.WriteAsync(parcel, cancellation).AsTask(), cancellation).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw Broken();
        }

        return await UnlessBrokenAsync(parcel.Delivered.Task, cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        Break(new Error(ErrorCode.Local_Destroy, "the producer is closed"));
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await ReleaseAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Keeps the client until <see cref="ReleaseAsync"/>; false when it is closed, or about to be.</summary>
    private bool TryHold()
    {
        for (var holders = Volatile.Read(ref _holders); holders > 0;)
        {
            var seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders)
            {
                return true;
            }

            holders = seen;
        }

        return false;
    }

    /// <summary>The last who holds the client closes it: a question about a topic may wait for its answer longer than a node has time to stop.</summary>
    private Task ReleaseAsync()
    {
        if (Interlocked.Decrement(ref _holders) > 0)
        {
            return Task.CompletedTask;
        }

        // It blocks for a moment, and must not do so on the thread of its own callbacks.
        return Task.Factory.StartNew(
            () =>
            {
                _admin.Dispose();
                _producer.Dispose();
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>What the client tells of itself; runs on its own thread.</summary>
    private void Notice(Error error)
    {
        if (error.IsFatal || error.Code is ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed or ErrorCode.Local_Ssl)
        {
            Break(error);
        }
    }

    private void Break(Error reason)
    {
        // The first reason counts: that all brokers are down follows from it.
        Interlocked.CompareExchange(ref _reason, reason, null);
        _queue.Writer.TryComplete();
        if (!_broken.IsCancellationRequested)
        {
            // Those who wait go on elsewhere, not on the thread of the client.
            _ = _broken.CancelAsync().ContinueWith(_ => DisposeAsync().AsTask(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private KafkaException Broken() => new(_reason ?? new Error(ErrorCode.Local_Destroy, "the producer is closed"));

    private async Task UnlessBrokenAsync(Task task, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _broken.Token);
        try
        {
            await task.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested && _broken.IsCancellationRequested)
        {
            throw Broken();
        }
    }

    private async Task<T> UnlessBrokenAsync<T>(Task<T> task, CancellationToken cancellation)
    {
        await UnlessBrokenAsync((Task)task, cancellation).ConfigureAwait(false);
        return await task.ConfigureAwait(false);
    }

    private async Task<int> AskAsync(string topic)
    {
        if (!TryHold())
        {
            throw Broken();
        }

        Metadata metadata;
        try
        {
            metadata = await Task.Factory.StartNew(
                () => _admin.GetMetadata(topic, _options.ConnectTimeout), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        }
        finally
        {
            await ReleaseAsync().ConfigureAwait(false);
        }

        using var limit = new CancellationTokenSource(_options.ConnectTimeout, _time);
        await _guard.CheckAsync(metadata.Brokers.Select(broker => broker.Host), limit.Token).ConfigureAwait(false);
        var found = metadata.Topics.FirstOrDefault(one => one.Topic == topic);
        return found is null || found.Error.IsError
            ? throw new KafkaException(new Error(found?.Error.Code ?? ErrorCode.UnknownTopicOrPart, $"topic {topic}: {found?.Error.Reason ?? "is not there"}"))
            : found.Partitions.Count;
    }

    private async Task<NotUsed> ProduceAsync(Parcel parcel)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(parcel.Cancellation, _broken.Token);
            either.Token.ThrowIfCancellationRequested();
            parcel.Delivered.TrySetResult(await Produce(parcel, either.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            parcel.Delivered.TrySetCanceled(CancellationToken.None);
        }
        catch (Exception e) when (e is KafkaException or ObjectDisposedException or InvalidOperationException or ArgumentException)
        {
            parcel.Delivered.TrySetException(e is KafkaException ? e : Broken());
        }

        return NotUsed.Instance;
    }

    private Task<DeliveryResult<byte[], byte[]>> Produce(Parcel parcel, CancellationToken cancellation)
    {
        if (!TryHold())
        {
            throw Broken();
        }

        try
        {
            // The message is in the client when this returns; its report comes on the client's thread, which ends before the client is closed.
            return _producer.ProduceAsync(parcel.To, parcel.Message, cancellation);
        }
        finally
        {
            _ = ReleaseAsync();
        }
    }

    /// <summary>A message on its way, and whoever waits for it.</summary>
    private sealed record Parcel(TopicPartition To, Message<byte[], byte[]> Message, CancellationToken Cancellation)
    {
        public TaskCompletionSource<DeliveryResult<byte[], byte[]>> Delivered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed record Answer(Lazy<Task<int>> Partitions, long At);
}
