using System.Diagnostics;
using Chronos.Host.Hosting;
using Serilog.Events;
using Serilog.Parsing;
using Xunit;

namespace Chronos.Tests.Host.Hosting;

public sealed class LogLineTests
{
    private readonly ActivityTraceId _trace = ActivityTraceId.CreateFromString("0af7651916cd43dd8448eb211c80319c");

    [Fact]
    public void A_fault_is_found_by_the_trace_that_its_answer_named() =>
        Assert.EndsWith(
            $"ERR A request failed at GET /api/v1/jobs trace=0af7651916cd43dd8448eb211c80319c{Environment.NewLine}System.InvalidOperationException: odd{Environment.NewLine}",
            Line("A request failed at {Route}", new InvalidOperationException("odd"), new LogEventProperty("Route", new ScalarValue("GET /api/v1/jobs"))), StringComparison.Ordinal);

    [Fact]
    public void A_port_in_use_is_one_line_and_no_stack() =>
        Assert.EndsWith($"{Environment.NewLine}  address already in use{Environment.NewLine}", Line("Hosting failed to start", new IOException("address already in use")), StringComparison.Ordinal);

    [Fact]
    public void An_instant_is_written_as_everywhere_else() =>
        Assert.Contains(
            "from 2026-03-02T10:00:00Z on", Line("from {From} on", new IOException("x"), new LogEventProperty("From", new ScalarValue(new DateTimeOffset(2026, 3, 2, 11, 0, 0, TimeSpan.FromHours(1))))),
            StringComparison.Ordinal);

    private string Line(string message, Exception exception, params LogEventProperty[] properties)
    {
        using var text = new StringWriter();
        new LogLineFormatter().Format(
            new LogEvent(DateTimeOffset.UnixEpoch, LogEventLevel.Error, exception, new MessageTemplateParser().Parse(message), properties, _trace, default), text);
        return text.ToString();
    }
}
