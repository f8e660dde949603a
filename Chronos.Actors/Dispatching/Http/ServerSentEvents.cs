using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Chronos.Core.Dispatching;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>An answer that is a stream of events: each tells how far the attempt is, the last one is its output.</summary>
/// <remarks>
/// An event named <c>error</c> fails the attempt. JSON with <c>progress</c> (0 to 100) or <c>message</c> is progress; any other data is a message.
/// </remarks>
internal static class ServerSentEvents
{
    private const int LongestMessage = 500;

    public static bool IsStream(HttpResponseMessage response) =>
        string.Equals(response.Content.Headers.ContentType?.MediaType, "text/event-stream", StringComparison.OrdinalIgnoreCase);

    public static async Task<HttpEnd> ReadAsync(
        HttpResponseMessage response, AttemptRequest attempt, HttpDispatchOptions options, SecretMask mask, TimeProvider time, CancellationToken cancellation)
    {
        var code = (int)response.StatusCode;
        var last = (Name: string.Empty, Data: Array.Empty<byte>());
        long? told = null;
        await using var stream = new Bounded(await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false), options.MaxResponse);
        try
        {
            await foreach (var item in SseParser.Create(stream, (name, data) => Take(stream, name, data)).EnumerateAsync(cancellation).ConfigureAwait(false))
            {
                last = item.Data;
                if (attempt.Progress is not null && last.Name != "error" && (told is null || time.GetElapsedTime(told.Value) >= options.ProgressInterval))
                {
                    told = time.GetTimestamp();
                    attempt.Progress.Report(ProgressOf(last.Data, mask));
                }
            }
        }
        catch (TooLongException)
        {
            return new HttpEnd(FailureClass.ClientError, code, $"an event of the target's stream is longer than {options.MaxResponse} bytes");
        }

        if (last.Name == "error")
        {
            return new HttpEnd(FailureClass.ServerError, code, $"the target's stream ended with an error: {mask.Apply(Encoding.UTF8.GetString(last.Data))}");
        }

        var type = new System.Net.Http.Headers.MediaTypeHeaderValue(WebhookRequest.IsJson(Encoding.UTF8.GetString(last.Data)) ? "application/json" : "text/plain");
        return new HttpEnd(FailureClass.None, code, Response: ResponseReader.Decode(last.Data, truncated: false, type, mask));
    }

    private static (string, byte[]) Take(Bounded stream, string name, ReadOnlySpan<byte> data)
    {
        stream.NewEvent();
        return (name, data.ToArray());
    }

    private static AttemptSignal ProgressOf(byte[] data, SecretMask mask)
    {
        var text = Encoding.UTF8.GetString(data);
        if (WebhookRequest.IsJson(text))
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement is { ValueKind: JsonValueKind.Object } json)
            {
                double? percent = json.TryGetProperty("progress", out var progress) && progress.ValueKind == JsonValueKind.Number && progress.TryGetDouble(out var number)
                    && number is >= 0 and <= 100 ? number : null;
                var message = json.TryGetProperty("message", out var words) && words.ValueKind == JsonValueKind.String ? words.GetString() : null;
                return new AttemptSignal(percent, percent is null && message is null ? Line(text, mask) : message is null ? null : Line(message, mask));
            }
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var plain) && plain is >= 0 and <= 100
            ? new AttemptSignal(plain, null)
            : new AttemptSignal(null, Line(text, mask));
    }

    private static string Line(string text, SecretMask mask)
    {
        var line = HttpFailures.OneLine(mask.Apply(new string([.. text.Select(static c => char.IsControl(c) ? ' ' : c)])));
        return line.Length > LongestMessage ? line[..LongestMessage] : line;
    }

    private sealed class TooLongException : IOException;

    /// <summary>Ends a stream whose event does not end: the parser itself would keep it all.</summary>
    private sealed class Bounded(Stream inner, int limit) : Stream
    {
        private long _sinceEvent;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void NewEvent() => _sinceEvent = 0;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            return (_sinceEvent += count) > limit + 64 * 1024 ? throw new TooLongException() : count;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync().ConfigureAwait(false);
            await base.DisposeAsync().ConfigureAwait(false);
        }
    }
}
