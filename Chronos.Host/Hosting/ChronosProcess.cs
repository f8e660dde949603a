using Akka.Actor;
using Chronos.Core.Scheduling;

namespace Chronos.Host.Hosting;

/// <summary>Runs one node until the process is told to stop.</summary>
internal static class ChronosProcess
{
    /// <summary>A node that the others took for lost is to be started again soon, whatever it still waits for.</summary>
    private static readonly TimeSpan LastResort = TimeSpan.FromSeconds(6);

    private const string TakenForLost = "chronos: the other nodes took this one for lost; it has stopped, start it again";

    public static async Task<int> Run(ChronosSettings settings)
    {
        try
        {
            ZoneSource.Use(settings.Zones);
            using var folder = DataFolder.Claim(settings.Data);
            await using var app = ChronosApplication.Build(settings);
            await app.StartAsync();
            EndInTime(CoordinatedShutdown.Get(app.Services.GetRequiredService<ActorSystem>()));
            if (settings.Mode == HostMode.Dev)
            {
                await DevMode.Welcome(app, settings, app.Lifetime.ApplicationStopping);
            }
            else
            {
                Console.WriteLine($"Chronos is listening on {app.Urls.First()}");
            }

            await app.WaitForShutdownAsync();
            if (CoordinatedShutdown.Get(app.Services.GetRequiredService<ActorSystem>()).ShutdownReason is CoordinatedShutdown.ClusterDowningReason)
            {
                await Console.Error.WriteLineAsync(TakenForLost);
                return 1;
            }

            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A port in use, a folder that cannot be written, a journal that is damaged or out of reach: the reason in one line, not a stack.
            await Console.Error.WriteLineAsync($"chronos: {e.Message}");
            return 1;
        }
    }

    /// <summary>It may be cut off from the database as well, and then its readers wait for answers until their own time-outs.</summary>
    private static void EndInTime(CoordinatedShutdown shutdown) => shutdown.AddTask(CoordinatedShutdown.PhaseBeforeServiceUnbind, "end-in-time", () =>
    {
        if (shutdown.ShutdownReason is CoordinatedShutdown.ClusterDowningReason)
        {
            new Thread(EndAnyway) { IsBackground = true }.Start();
        }

        return Task.FromResult(Akka.Done.Instance);
    });

    private static void EndAnyway()
    {
        Thread.Sleep(LastResort);
        Console.Error.WriteLine(TakenForLost);
        Environment.Exit(1);
    }
}
