using System.Security.Cryptography;
using Akka.Actor;
using Chronos.Actors.NodeStore;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;
using Chronos.Host.Http;
using Chronos.Host.Keys;

namespace Chronos.Host.Hosting;

/// <summary>
/// The first administrator's key, before the node listens: in dev mode made once and kept in <c>admin.key</c>, readable by its owner
/// alone; otherwise the one that was configured. Only its hash is stored.
/// </summary>
internal sealed class FirstKey(ChronosSettings settings, KeyRings rings, KeyDirectory directory, TimeProvider time, ILogger<FirstKey> log) : IHostedService, IDisposable
{
    private const string Name = "admin";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _ending = new();
    private Task _later = Task.CompletedTask;

    public static string FileOf(ChronosSettings settings) => Path.Combine(settings.Data, "admin.key");

    /// <summary>True when this start made the key: the data folder is new.</summary>
    public bool Made { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (await Text(cancellationToken) is not { } text)
        {
            return;
        }

        var key = OwnKey.Of(text);
        var create = new KeyRingCommands.CreateKey(TenantId.Default, key.Id, Name, key.Hash, Scopes.Admin, null, Principal.System);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        if (settings.Discovery.Kind != ClusterDiscovery.None)
        {
            // The others find this node by its HTTP side, so it must listen before there is a cluster that could make a key.
            _later = Later(create);
            return;
        }

        var asked = Ask(create, patience.Token);

        // After the first start the node's own store knows the key long before the cluster has formed and the ring can answer.
        while (!asked.IsCompleted && directory.Authenticate(key.Text) is null)
        {
            await Task.WhenAny(asked, Task.Delay(Glance, time, patience.Token));
        }

        if (asked.IsCompleted)
        {
            await asked;
        }
        else
        {
            await patience.CancelAsync();
            await Task.WhenAny(asked);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _ending.CancelAsync();
        await Task.WhenAny(_later);
    }

    public void Dispose() => _ending.Dispose();

    private async Task Later(KeyRingCommands.CreateKey create)
    {
        try
        {
            await Ask(create, _ending.Token);
        }
        catch (OperationCanceledException)
        {
            log.LogDebug("The node ends before it was in a cluster");
        }
        catch (Exception e)
        {
            log.LogError(e, "The administrator's key could not be made; start the node again");
        }
    }

    private async Task Ask(KeyRingCommands.CreateKey create, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                if (await rings.Ask(create, cancellation) is KeyRingReplies.Refused refused)
                {
                    // A key that was revoked stays revoked, whoever configures it.
                    log.LogWarning("The administrator's key was not accepted: {Reason}", refused.Rejection.Message);
                }

                return;
            }
            catch (AskTimeoutException)
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    private async Task<string?> Text(CancellationToken cancellation)
    {
        if (settings.AdminKey is not null || settings.Mode != HostMode.Dev)
        {
            return settings.AdminKey;
        }

        var file = FileOf(settings);
        if (File.Exists(file))
        {
            return (await File.ReadAllTextAsync(file, cancellation)).Trim();
        }

        var key = ApiKey.From(RandomNumberGenerator.GetBytes(ApiKey.EntropyBytes));
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using (var stream = new StreamWriter(file, options))
        {
            await stream.WriteLineAsync(key.Text.AsMemory(), cancellation);
        }

        Made = true;
        return key.Text;
    }
}
