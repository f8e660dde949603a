using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;

namespace Chronos.Host.Hosting;

/// <summary>
/// One line per event for people: time, level, message, and then the ids that the message itself does not name (they come from
/// scopes: the request's trace, the job, the execution).
/// </summary>
internal sealed class LogLineFormatter : ITextFormatter
{
    private static readonly (string Property, string Label)[] Ids =
        [("Tenant", "tenant"), ("JobId", "job"), ("ExecutionId", "execution"), ("Node", "node"), ("TraceId", "trace")];

    public void Format(LogEvent logEvent, TextWriter output)
    {
        output.Write(logEvent.Timestamp.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        output.Write(logEvent.Level switch
        {
            LogEventLevel.Verbose => " VRB ",
            LogEventLevel.Debug => " DBG ",
            LogEventLevel.Information => " INF ",
            LogEventLevel.Warning => " WRN ",
            LogEventLevel.Error => " ERR ",
            _ => " FTL ",
        });
        logEvent.MessageTemplate.Render(logEvent.Properties, output, CultureInfo.InvariantCulture);
        foreach (var (property, label) in Ids)
        {
            if (logEvent.Properties.TryGetValue(property, out var value) && !logEvent.MessageTemplate.Text.Contains($"{{{property}", StringComparison.Ordinal))
            {
                output.Write($" {label}=");
                value.Render(output, "l", CultureInfo.InvariantCulture);
            }
        }

        output.WriteLine();
        if (logEvent.Exception is { } exception)
        {
            output.WriteLine(exception);
        }
    }
}
