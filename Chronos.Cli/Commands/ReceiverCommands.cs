using System.Collections.Concurrent;
using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text;
using Chronos.Cli.Documents;
using Chronos.Core.Verification;

namespace Chronos.Cli.Commands;

/// <summary>
/// <c>chronosctl receiver</c>: a target for trying things out. It honours the idempotency key, as every target should, and writes
/// the log that <c>chronosctl verify</c> reads.
/// </summary>
internal static class ReceiverCommands
{
    private static readonly Option<int> Port = new("--port") { Description = "where it listens on 127.0.0.1", HelpName = "n", DefaultValueFactory = _ => 9900 };
    private static readonly Option<string> Log = new("--log") { Description = "file that every request is added to, a JSON object per line", HelpName = "file" };
    private static readonly Option<string> Delay = new("--delay") { Description = "how long it takes over each request", HelpName = "duration" };
    private static readonly Option<int> Status = new("--status") { Description = "what it answers", HelpName = "code", DefaultValueFactory = _ => 200 };

    public static void AddReceiverCommands(this RootCommand root, Surroundings around) =>
        root.Add("receiver", "a target to try jobs on: answers, and writes down what it got", around, [Port, Log, Delay, Status], RunAsync);

    private static async Task RunAsync(Call call)
    {
        if (call.Of(Status) is < 200 or > 599)
        {
            throw CliFailure.Usage("--status: must be from 200 to 599");
        }

        using var listener = new HttpListener();
        var address = $"http://127.0.0.1:{call.Of(Port).ToString(CultureInfo.InvariantCulture)}/";
        listener.Prefixes.Add(address);
        try
        {
            listener.Start();
        }
        catch (Exception e) when (e is HttpListenerException or ArgumentException)
        {
            throw new CliFailure(ExitCode.Refused, $"--port: {address} cannot be listened on: {e.Message}");
        }

        await using var log = call.Of(Log) is { } file ? new StreamWriter(Path.Combine(call.Around.Folder, file), append: true, new UTF8Encoding(false)) : null;
        var seen = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        var delay = call.Duration(Delay) ?? TimeSpan.Zero;
        call.Print.Line($"receives on {address}");
        await call.Around.Out.FlushAsync(call.Cancellation);
        using var stop = call.Cancellation.Register(listener.Stop);
        while (!call.Cancellation.IsCancellationRequested)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = AnswerAsync(context, log, seen, delay, call);
        }
    }

    private static async Task AnswerAsync(HttpListenerContext context, StreamWriter? log, ConcurrentDictionary<string, bool> seen, TimeSpan delay, Call call)
    {
        try
        {
            var at = call.Now;
            var headers = context.Request.Headers;
            var key = headers["Idempotency-Key"] ?? "";
            var duplicate = key.Length > 0 && !seen.TryAdd(key, true);
            if (log is not null && headers["X-Chronos-Execution-Id"] is { } execution)
            {
                var line = ReceiverLog.Line(
                    new ReceivedRequest(
                        execution, int.TryParse(headers["X-Chronos-Attempt"], CultureInfo.InvariantCulture, out var n) ? n : 0,
                        DateTimeOffset.TryParse(headers["X-Chronos-Scheduled-Time"], CultureInfo.InvariantCulture, out var nominal) ? nominal : default, at),
                    key, duplicate);
                lock (log)
                {
                    // Whole lines, at once: a kill loses at most the last one.
                    log.WriteLine(line);
                    log.Flush();
                }
            }

            await context.Request.InputStream.CopyToAsync(Stream.Null, call.Cancellation);
            await Task.Delay(delay, call.Around.Clock, call.Cancellation);
            context.Response.StatusCode = call.Of(Status);
            context.Response.ContentType = "application/json";
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(duplicate ? """{"received":true,"duplicate":true}""" : """{"received":true}"""), call.Cancellation);
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The node hung up, or this program ends.
            context.Response.Abort();
        }
    }
}
