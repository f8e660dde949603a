using RabbitMQ.Client;

namespace Chronos.Actors.Dispatching.RabbitMq;

/// <summary>One connection to a broker as one user. When it breaks, the next attempt makes a new one.</summary>
internal sealed class RabbitLink(RabbitEndpoint endpoint, RabbitDispatchOptions options) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closed = new();
    private Task<RabbitSession>? _opening;

    public async Task<RabbitSession> OpenAsync(CancellationToken cancellation)
    {
        Task<RabbitSession> opening;
        lock (_gate)
        {
            if (_opening is null or { IsFaulted: true } or { IsCanceled: true } || _opening is { IsCompletedSuccessfully: true } && _opening.Result.Broken.IsCancellationRequested)
            {
                _opening = ConnectAsync(_opening is { IsCompletedSuccessfully: true } old ? old.Result : null);
            }

            opening = _opening;
        }

        return await opening.WaitAsync(cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync().ConfigureAwait(false);
        Task<RabbitSession>? opening;
        lock (_gate)
        {
            (opening, _opening) = (_opening, null);
        }

        if (opening is not null)
        {
            await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (opening.IsCompletedSuccessfully)
            {
                await opening.Result.DisposeAsync().ConfigureAwait(false);
            }
        }

        _closed.Dispose();
    }

    private async Task<RabbitSession> ConnectAsync(RabbitSession? broken)
    {
        if (broken is not null)
        {
            await broken.DisposeAsync().ConfigureAwait(false);
        }

        var tcp = new GuardedTcp(options.AllowPrivateTargets);
        IConnection connection;
        try
        {
            connection = await endpoint.Factory(options, tcp).CreateConnectionAsync(_closed.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (tcp.Fault is { } fault)
        {
            throw new AggregateException(fault, error);
        }

        return new RabbitSession(connection, options.MaxChannels);
    }
}
