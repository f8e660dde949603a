using Chronos.Host.Admin;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace Chronos.Host.Hosting;

/// <summary>Where log events go: the console as lines, and a file as JSON when one is configured.</summary>
internal static class Logs
{
    /// <summary>How the toolkit below us describes its own start, at each start the same; the proxy even warns of seconds that have not passed.</summary>
    private static readonly string[] Chatter =
        ["ClusterSingleton", "Singleton ", "Remoting ", "Starting remoting", "This node is now the leader responsible", "{0}: ShardCoordinator was moved", "{0} observed OldestChanged", "Shutting down remote daemon", "Remote daemon shut down"];

    /// <param name="tap">What the administrator changes and sees while the node runs.</param>
    public static Serilog.Core.Logger Create(ChronosSettings settings, LogTap tap)
    {
        var logs = new LoggerConfiguration()
            .MinimumLevel.ControlledBy(tap.Switch)
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("System", LogEventLevel.Warning)
            .Filter.ByExcluding(e => tap.Switch.MinimumLevel >= LogEventLevel.Information && IsChatter(e))
            .Enrich.FromLogContext()
            .Enrich.WithProperty("Node", settings.NodeName)
            .WriteTo.Sink(tap)
            .WriteTo.Console(new LogLineFormatter());
        if (settings.LogFile is { } file)
        {
            logs.WriteTo.File(new CompactJsonFormatter(), file, rollingInterval: RollingInterval.Day, retainedFileCountLimit: 14, fileSizeLimitBytes: 256L << 20, rollOnFileSizeLimit: true);
        }

        return logs.CreateLogger();
    }

    private static bool IsChatter(LogEvent e) =>
        e.Level <= LogEventLevel.Warning && e.Exception is null && Array.Exists(Chatter, start => e.MessageTemplate.Text.StartsWith(start, StringComparison.Ordinal));
}
