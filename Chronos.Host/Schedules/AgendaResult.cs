using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Chronos.Core.Jobs.Timetabling;
using Chronos.Core.Kernel;

namespace Chronos.Host.Schedules;

/// <summary>Writes the rows of an agenda as they come: one JSON object whose items are streamed, or one row a line.</summary>
internal sealed class AgendaResult(IAsyncEnumerator<AgendaRow> rows, bool first, DateTimeOffset from, DateTimeOffset to, int limit, bool lines) : IResult
{
    private const int FlushAt = 32 * 1024;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (response, cancellation) = (httpContext.Response, httpContext.RequestAborted);
        response.ContentType = lines ? "application/x-ndjson" : "application/json; charset=utf-8";
        var output = response.BodyWriter;
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
        await using var writer = new Utf8JsonWriter(output, options);
        var collisions = new List<(DateTimeOffset Minute, int Count)>();
        var (count, more, minute, inMinute) = (0L, false, default(DateTimeOffset), 0);
        try
        {
            if (!lines)
            {
                writer.WriteStartObject();
                writer.WriteString("from", Rfc3339.Format(from));
                writer.WriteString("to", Rfc3339.Format(to));
                writer.WriteStartArray("items");
            }

            for (var any = first; any; any = await rows.MoveNextAsync())
            {
                var row = rows.Current;
                var its = new DateTimeOffset(row.FiresAt.UtcTicks - (row.FiresAt.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
                if (count == limit)
                {
                    // Rows are cut, a count is not: of the minute in which they end the rest is counted.
                    more = true;
                    if (its != minute)
                    {
                        break;
                    }

                    inMinute++;
                    continue;
                }

                if (its != minute)
                {
                    EndMinute();
                    (minute, inMinute) = (its, 0);
                }

                inMinute++;
                Write(writer, row);
                EndLine();
                if (count++ == 0 || writer.BytesPending + (int)output.UnflushedBytes >= FlushAt)
                {
                    writer.Flush();
                    await output.FlushAsync(cancellation);
                }
            }

            EndMinute();
            if (!lines)
            {
                Finish(writer, collisions, count, more);
            }

            writer.Flush();
            await output.FlushAsync(cancellation);
        }
        catch (Exception e) when (e is Akka.Actor.AskTimeoutException or TimeoutException)
        {
            // Half an agenda must not look like a whole one.
            httpContext.Abort();
        }
        finally
        {
            await rows.DisposeAsync();
        }

        void EndMinute()
        {
            if (inMinute > 1 && lines)
            {
                writer.WriteStartObject();
                writer.WriteString("minute", Rfc3339.Format(minute));
                writer.WriteNumber("count", inMinute);
                writer.WriteEndObject();
                EndLine();
            }
            else if (inMinute > 1)
            {
                collisions.Add((minute, inMinute));
            }
        }

        void EndLine()
        {
            if (lines)
            {
                writer.Flush();
                writer.Reset();
                output.Write("\n"u8);
            }
        }
    }

    private static void Write(Utf8JsonWriter writer, AgendaRow row)
    {
        writer.WriteStartObject();
        writer.WriteString("fires_at", Rfc3339.Format(row.FiresAt));
        writer.WriteString("at", Rfc3339.Format(row.Nominal));
        writer.WriteString("job_id", row.Job.Value);
        writer.WriteString("job_name", row.Name);
        if (row.Note is { } note)
        {
            writer.WriteString("note", note);
        }

        writer.WriteEndObject();
    }

    private static void Finish(Utf8JsonWriter writer, List<(DateTimeOffset Minute, int Count)> collisions, long count, bool more)
    {
        writer.WriteEndArray();
        writer.WriteStartArray("collisions");
        foreach (var collision in collisions)
        {
            writer.WriteStartObject();
            writer.WriteString("minute", Rfc3339.Format(collision.Minute));
            writer.WriteNumber("count", collision.Count);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("count", count);
        writer.WriteBoolean("more", more);
        writer.WriteEndObject();
    }
}
