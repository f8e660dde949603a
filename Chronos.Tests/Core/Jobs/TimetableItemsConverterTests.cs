using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Chronos.Core.Dispatching;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Xunit;

namespace Chronos.Tests.Core.Jobs;

public sealed class TimetableItemsConverterTests
{
    private static readonly JobId Job = JobId.For(TenantId.Default, "a");
    private static readonly DateTimeOffset T0 = new(2026, 1, 1, 0, 0, 0, 123, 456, TimeSpan.Zero);

    [Fact]
    public void What_is_written_by_hand_is_what_the_generated_code_writes()
    {
        Assert.All(Items(), item =>
        {
            var batch = new TimetableBatch(3, 4, T0, [item, item]);
            var written = Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(batch, JobsJson.Default.TimetableBatch));

            var generated = Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(batch.Items, JobsJson.Default.ImmutableArrayTimetableItem));
            Assert.Contains($"\"i\":{generated}", written, StringComparison.Ordinal);
            Assert.Equal(batch.Items, JsonSerializer.Deserialize(written, JobsJson.Default.TimetableBatch)!.Items);
        });
    }

    /// <summary>What is written by hand knows each property by name: a new one is to be written too, or has its item written by the generated code.</summary>
    [Fact]
    public void No_property_is_forgotten()
    {
        Assert.Equal(
            ["At", "By", "Callback", "Due", "Execution", "FiresAt", "Job", "Node", "Nominal", "Note", "Payload", "Request", "Revision", "Source", "Trigger"], Stored<ExecutionStarted>());
        Assert.Equal(
            ["At", "Attempt", "Callback", "Due", "DurationMs", "Error", "Excerpt", "Execution", "Facts", "Failure", "Job", "RetryAt", "StartedAt", "StatusCode"], Stored<AttemptEnded>());
        Assert.Equal(["At", "Execution", "Job", "Status"], Stored<ExecutionEnded>());
    }

    private static IEnumerable<string> Stored<T>() =>
        JobsJson.Default.GetTypeInfo(typeof(T))!.Properties.Where(p => p.Get is not null && !p.IsExtensionData).Select(p => ((System.Reflection.MemberInfo)p.AttributeProvider!).Name).Order(StringComparer.Ordinal);

    private static IEnumerable<TimetableItem> Items()
    {
        var slot = ExecutionId.ForSlot(Job, T0);
        var started = new ExecutionStarted(Job, null, T0, ExecutionTrigger.Schedule, 7, T0.AddMilliseconds(2), "node \"1\" é");
        ImmutableArray<ExecutionStarted> starts =
        [
            started,
            started with { Execution = ExecutionId.ForRun(Job, "01ARZ3NDEKTSV4RRFFQ69G5FAV") },
            started with { Payload = "{}" }, started with { Source = "a" }, started with { By = new Principal("ann") }, started with { Due = T0.AddDays(1) },
            started with { FiresAt = T0.AddSeconds(3) }, started with { Note = "moved" }, started with { Request = new RequestMark("k", "f") }, started with { Callback = "h" },
        ];
        var ended = new AttemptEnded(Job, slot, 2, T0, T0.AddMilliseconds(1), 33.25, FailureClass.None, null, null, null, null);
        ImmutableArray<AttemptEnded> ends =
        [
            ended,
            ended with { StatusCode = 204 }, ended with { Error = "<no>" }, ended with { Excerpt = "{\"a\":\"\u0007ü\"}" }, ended with { DurationMs = 1e-7 },
            ended with { RetryAt = T0 }, ended with { Due = T0 }, ended with { Callback = "h" }, ended with { StatusCode = 500, Error = "e", Excerpt = "o" },
        ];
        return
        [
            .. starts,
            .. Enum.GetValues<ExecutionTrigger>().Select(trigger => started with { Trigger = trigger }),
            .. ends,
            .. Enum.GetValues<FailureClass>().Select(failure => ended with { Failure = failure }),
            .. Enum.GetValues<ExecutionStatus>().Select(status => new ExecutionEnded(Job, slot, T0, status)),
            new SlotQueued(Job, T0, ExecutionTrigger.CatchUp),
            new AttemptStarted(Job, slot, 2, T0, "node-1"),
        ];
    }
}
