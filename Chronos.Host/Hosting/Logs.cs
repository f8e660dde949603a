using Serilog;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace Chronos.Host.Hosting;

/// <summary>Where log events go: the console as lines, and a file as JSON when one is configured.</summary>
internal static class Logs
{
    public static Serilog.Core.Logger Create(ChronosSettings settings)
    {
        var logs = new LoggerConfiguration()
            .MinimumLevel.Is(settings.LogLevel)
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("System", LogEventLevel.Warning)
            .Enrich.FromLogContext()
            .Enrich.WithProperty("Node", settings.NodeName)
            .WriteTo.Console(new LogLineFormatter());
        if (settings.LogFile is { } file)
        {
            logs.WriteTo.File(new CompactJsonFormatter(), file, rollingInterval: RollingInterval.Day, retainedFileCountLimit: 14, fileSizeLimitBytes: 256L << 20, rollOnFileSizeLimit: true);
        }

        return logs.CreateLogger();
    }
}
