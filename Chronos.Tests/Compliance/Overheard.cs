using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Tracing;
using Chronos.Actors.Dispatching;

namespace Chronos.Tests.Compliance;

/// <summary>Listens to the spans of one trace, and to what client libraries tell through event sources of their own.</summary>
internal sealed class Overheard : IDisposable
{
    private readonly ConcurrentQueue<string> _heard = new();
    private readonly ActivityListener _activities;
    private readonly Sources _sources;
    private int _spans;

    public Overheard()
    {
        TraceId = Guid.NewGuid().ToString("N");
        _activities = new ActivityListener
        {
            ShouldListenTo = static _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Hear,
        };
        ActivitySource.AddActivityListener(_activities);
        _sources = new Sources(_heard);
    }

    public string TraceId { get; }

    public int Spans => Volatile.Read(ref _spans);

    public string Text => string.Join('\n', _heard);

    public void Dispose()
    {
        _activities.Dispose();
        _sources.Dispose();
    }

    private void Hear(Activity activity)
    {
        if (activity.TraceId.ToHexString() != TraceId)
        {
            return;
        }

        if (activity.Source.Name == DispatchTelemetry.ActivityName)
        {
            Interlocked.Increment(ref _spans);
        }

        _heard.Enqueue($"{activity.DisplayName} {activity.StatusDescription} {string.Join(' ', activity.TagObjects)} {string.Join(' ', activity.Events.SelectMany(e => e.Tags))}");
    }

    private sealed class Sources(ConcurrentQueue<string> heard) : EventListener
    {
        // Those of the runtime tell of every socket and every task.
        protected override void OnEventSourceCreated(EventSource source)
        {
            if (!source.Name.StartsWith("System.", StringComparison.Ordinal) && !source.Name.StartsWith("Microsoft", StringComparison.Ordinal)
                && !source.Name.StartsWith("Private.", StringComparison.Ordinal))
            {
                EnableEvents(source, EventLevel.Verbose);
            }
        }

        // The base class calls OnEventSourceCreated, and so this, before the constructor has run.
        protected override void OnEventWritten(EventWrittenEventArgs data) => heard?.Enqueue($"{data.EventName} {data.Message} {string.Join(' ', data.Payload ?? new([]))}");
    }
}
