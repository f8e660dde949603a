using System.Collections.Immutable;
using Akka.Actor;
using Serilog.Core;
using Serilog.Events;

namespace Chronos.Host.Admin;

/// <summary>The log of the running node within reach: the level can be changed, and the last lines can be seen.</summary>
internal sealed class LogTap : ILogEventSink
{
    private const int Kept = 1_000;

    private readonly Lock _gate = new();
    private readonly Queue<(long Number, LogEvent Event)> _last = new(Kept);
    private long _number;

    public LogTap(LogEventLevel level) => Switch = new LoggingLevelSwitch(level);

    public LoggingLevelSwitch Switch { get; }

    public void Emit(LogEvent logEvent)
    {
        lock (_gate)
        {
            if (_last.Count == Kept)
            {
                _last.Dequeue();
            }

            _last.Enqueue((++_number, logEvent));
        }
    }

    /// <summary>The newest lines of at least a level, the oldest of them first.</summary>
    public ImmutableArray<(long Number, LogEvent Event)> Peek(LogEventLevel least, long after, int most)
    {
        lock (_gate)
        {
            return [.. _last.Where(e => e.Number > after && e.Event.Level >= least).TakeLast(most)];
        }
    }

    /// <summary>From now on everything of this level and above is logged. What actors say before it reaches us is filtered by the toolkit itself.</summary>
    public void Set(LogEventLevel level, ActorSystem system)
    {
        Switch.MinimumLevel = level;
        system.EventStream.SetLogLevel(level switch
        {
            <= LogEventLevel.Debug => Akka.Event.LogLevel.DebugLevel,
            LogEventLevel.Information => Akka.Event.LogLevel.InfoLevel,
            LogEventLevel.Warning => Akka.Event.LogLevel.WarningLevel,
            _ => Akka.Event.LogLevel.ErrorLevel,
        });
    }
}
