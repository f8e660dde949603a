using System.Collections.Concurrent;
using RabbitMQ.Client;

namespace Chronos.Actors.Dispatching.RabbitMq;

/// <summary>
/// A connection that was open, and its channels. A channel has one message on its way: what the broker closes it for belongs to that
/// message, and one that waits for a confirmation holds nobody up.
/// </summary>
internal sealed class RabbitSession : IAsyncDisposable
{
    private static readonly CreateChannelOptions Confirming = new(
        publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null, consumerDispatchConcurrency: null);

    private readonly IConnection _connection;
    private readonly ConcurrentBag<IChannel> _free = [];
    private readonly SemaphoreSlim _room;
    private readonly CancellationTokenSource _broken = new();

    public RabbitSession(IConnection connection, int channels)
    {
        _connection = connection;

        // The broker may allow fewer; 0 is no limit.
        _room = new SemaphoreSlim(connection.ChannelMax == 0 ? channels : Math.Min(channels, (int)connection.ChannelMax));
        connection.ConnectionShutdownAsync += (_, _) => _broken.CancelAsync();
        connection.ConnectionBlockedAsync += (_, blocked) =>
        {
            Blocked = blocked.Reason;
            return Task.CompletedTask;
        };
        connection.ConnectionUnblockedAsync += (_, _) =>
        {
            Blocked = null;
            return Task.CompletedTask;
        };
        if (!connection.IsOpen)
        {
            _broken.Cancel();
        }
    }

    /// <summary>Fires when the connection is gone.</summary>
    public CancellationToken Broken => _broken.Token;

    /// <summary>Why the broker takes no message at the moment (memory, disk), or null.</summary>
    public string? Blocked { get; private set; }

    /// <summary>Publishes and waits for the confirmation.</summary>
    public async Task PublishAsync(string exchange, string routingKey, bool mandatory, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation).ConfigureAwait(false);
        IChannel? channel = null;
        var confirmed = false;
        try
        {
            channel = _free.TryTake(out var free) && free.IsOpen ? free : await _connection.CreateChannelAsync(Confirming, cancellation).ConfigureAwait(false);
            await channel.BasicPublishAsync(exchange, routingKey, mandatory, properties, body, cancellation).ConfigureAwait(false);
            confirmed = true;
        }
        finally
        {
            if (confirmed && channel!.IsOpen)
            {
                _free.Add(channel);
                _room.Release();
            }
            else
            {
                // Its place is free when the broker has let go of it.
                _ = DropAsync(channel);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _broken.CancelAsync().ConfigureAwait(false);
        try
        {
            await _connection.CloseAsync(Constants.ReplySuccess, "Chronos is done", TimeSpan.FromSeconds(1), abort: true, CancellationToken.None).ConfigureAwait(false);
            await _connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // It is not used any more; how it ended tells nobody anything.
        }
    }

    private async Task DropAsync(IChannel? channel)
    {
        try
        {
            if (channel is not null)
            {
                await channel.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever it is, the channel is gone.
        }
        finally
        {
            _room.Release();
        }
    }
}
