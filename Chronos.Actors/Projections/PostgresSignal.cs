using Npgsql;

namespace Chronos.Actors.Projections;

/// <summary>Hears what other nodes say on a channel of the database, on a connection of its own. What is missed while it is away is found by looking.</summary>
internal sealed class PostgresSignal(string connectionString, string channel) : IDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    private CancellationTokenSource? _listening;

    public void Listen(Action heard)
    {
        Stop();
        _listening = new CancellationTokenSource();
        _ = Run(heard, _listening.Token);
    }

    public void Stop()
    {
        _listening?.Cancel();
        _listening?.Dispose();
        _listening = null;
    }

    public void Dispose() => Stop();

    private async Task Run(Action heard, CancellationToken stop)
    {
        // Listening is silence; only the network may end it.
        var parts = new NpgsqlConnectionStringBuilder(connectionString) { Options = "-c tcp_keepalives_idle=3 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3", KeepAlive = 5 };
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(parts.ConnectionString);
                await connection.OpenAsync(stop);
                connection.Notification += (_, _) => heard();
                await using (var listen = new NpgsqlCommand($"LISTEN {channel}", connection))
                {
                    await listen.ExecuteNonQueryAsync(stop);
                }

                while (true)
                {
                    await connection.WaitAsync(stop);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or IOException or InvalidOperationException or TimeoutException)
            {
                // The writer looks every half second by itself.
                await Task.Delay(Again, stop).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }
}
