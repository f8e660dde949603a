using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Chronos.Core.Dispatching;
using Chronos.Core.Wire;

namespace Chronos.Core.Jobs;

/// <summary>
/// Writes the items of a batch as the generated code would, byte for byte, but the three of an ordinary execution by hand: for each
/// polymorphic item the serializer makes a stack of its own, an eighth of all memory that an execution took.
/// </summary>
public sealed class TimetableItemsConverter : JsonConverter<ImmutableArray<TimetableItem>>
{
    private static readonly JsonEncodedText[] Triggers = Words<ExecutionTrigger>();
    private static readonly JsonEncodedText[] Statuses = Words<ExecutionStatus>();
    private static readonly JsonEncodedText[] Failures = Words<FailureClass>();

    private static readonly JsonEncodedText Kind = JsonEncodedText.Encode("k");
    private static readonly JsonEncodedText Job = JsonEncodedText.Encode("j");
    private static readonly JsonEncodedText Execution = JsonEncodedText.Encode("x");
    private static readonly JsonEncodedText Number = JsonEncodedText.Encode("n");
    private static readonly JsonEncodedText Trigger = JsonEncodedText.Encode("g");
    private static readonly JsonEncodedText Revision = JsonEncodedText.Encode("r");
    private static readonly JsonEncodedText At = JsonEncodedText.Encode("a");
    private static readonly JsonEncodedText Node = JsonEncodedText.Encode("w");
    private static readonly JsonEncodedText Began = JsonEncodedText.Encode("b");
    private static readonly JsonEncodedText Duration = JsonEncodedText.Encode("d");
    private static readonly JsonEncodedText Failure = JsonEncodedText.Encode("y");
    private static readonly JsonEncodedText Code = JsonEncodedText.Encode("c");
    private static readonly JsonEncodedText Error = JsonEncodedText.Encode("e");
    private static readonly JsonEncodedText Excerpt = JsonEncodedText.Encode("o");
    private static readonly JsonEncodedText Status = JsonEncodedText.Encode("s");
    private static readonly JsonEncodedText Ended = JsonEncodedText.Encode("f");

    public override ImmutableArray<TimetableItem> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize(ref reader, JobsJson.Default.ImmutableArrayTimetableItem);

    public override void Write(Utf8JsonWriter writer, ImmutableArray<TimetableItem> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var item in value)
        {
            switch (item)
            {
                case ExecutionStarted { Payload: null, Source: null, By: null, Due: null, FiresAt: null, Note: null, Request: null, Callback: null } started:
                    Write(writer, started);
                    break;
                case AttemptEnded { RetryAt: null, Facts: null, Due: null, Callback: null } ended:
                    Write(writer, ended);
                    break;
                case ExecutionEnded ended:
                    Write(writer, ended);
                    break;
                default:
                    JsonSerializer.Serialize(writer, item, JobsJson.Default.TimetableItem);
                    break;
            }
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, ExecutionStarted item)
    {
        writer.WriteStartObject();
        writer.WriteString(Kind, Execution);
        if (item.Execution is { } execution)
        {
            writer.WriteString(Execution, execution.Value);
        }

        writer.WriteNumber(Number, UnixMicroseconds.Of(item.Nominal));
        writer.WriteString(Trigger, Triggers[(int)item.Trigger]);
        writer.WriteNumber(Revision, item.Revision);
        writer.WriteNumber(At, UnixMicroseconds.Of(item.At));
        writer.WriteString(Node, item.Node);
        writer.WriteString(Job, item.Job.Value);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, AttemptEnded item)
    {
        writer.WriteStartObject();
        writer.WriteString(Kind, Excerpt);
        writer.WriteString(Execution, item.Execution.Value);
        writer.WriteNumber(Number, item.Attempt);
        writer.WriteNumber(At, UnixMicroseconds.Of(item.At));
        writer.WriteNumber(Began, UnixMicroseconds.Of(item.StartedAt));
        writer.WriteNumber(Duration, item.DurationMs);
        writer.WriteString(Failure, Failures[(int)item.Failure]);
        if (item.StatusCode is { } code)
        {
            writer.WriteNumber(Code, code);
        }

        if (item.Error is { } error)
        {
            writer.WriteString(Error, error);
        }

        if (item.Excerpt is { } excerpt)
        {
            writer.WriteString(Excerpt, excerpt);
        }

        writer.WriteString(Job, item.Job.Value);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, ExecutionEnded item)
    {
        writer.WriteStartObject();
        writer.WriteString(Kind, Ended);
        writer.WriteString(Execution, item.Execution.Value);
        writer.WriteNumber(At, UnixMicroseconds.Of(item.At));
        writer.WriteString(Status, Statuses[(int)item.Status]);
        writer.WriteString(Job, item.Job.Value);
        writer.WriteEndObject();
    }

    private static JsonEncodedText[] Words<T>()
        where T : struct, Enum => [.. Enum.GetNames<T>().Select(name => JsonEncodedText.Encode(name))];
}
