using System.Globalization;
using Akka.Pattern;
using Chronos.Actors.Journal;
using Chronos.Core.Kernel;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Parsing;

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
        foreach (var token in logEvent.MessageTemplate.Tokens)
        {
            // Serilog would put text in quotes, which makes a sentence hard to read, and write instants as Americans do.
            if (token is PropertyToken { Format: null } property && logEvent.Properties.TryGetValue(property.PropertyName, out var value) && Plain(value) is { } text)
            {
                output.Write(text);
            }
            else
            {
                token.Render(logEvent.Properties, output, CultureInfo.InvariantCulture);
            }
        }

        foreach (var (property, label) in Ids)
        {
            if (logEvent.Properties.TryGetValue(property, out var id) && !logEvent.MessageTemplate.Text.Contains($"{{{property}", StringComparison.Ordinal))
            {
                output.Write($" {label}=");
                id.Render(output, "l", CultureInfo.InvariantCulture);
            }
        }

        // An answer that is a fault of ours names its trace; the line must be found by it.
        if (logEvent is { Level: >= LogEventLevel.Warning, TraceId: { } trace } && !logEvent.Properties.ContainsKey("TraceId"))
        {
            output.Write($" trace={trace.ToHexString()}");
        }

        output.WriteLine();
        switch (logEvent.Exception)
        {
            case null:
                break;
            case JournalUnreachableException or OpenCircuitException:
                // Said by every entity that meets it, for as long as the database is away: where in our code does not matter.
                output.WriteLine($"  {logEvent.Exception.Message}");
                break;
            case IOException when logEvent.MessageTemplate.Text == "Hosting failed to start":
                output.WriteLine($"  {logEvent.Exception.Message}");
                break;
            case var exception:
                output.WriteLine(exception);
                break;
        }
    }

    private static string? Plain(LogEventPropertyValue value) => value switch
    {
        ScalarValue { Value: string text } => text,
        ScalarValue { Value: DateTimeOffset at } => Rfc3339.Format(at),
        _ => null,
    };
}
