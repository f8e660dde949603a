using Akka.Event;

namespace Chronos.Host.Hosting;

/// <summary>
/// What the actor system says before its loggers run and after they have ended. Only what went wrong is worth a line there.
/// </summary>
public sealed class EdgeLogger : MinimalLogger
{
    protected override void Log(object message)
    {
        if (message is Error or Warning)
        {
            Console.Error.WriteLine(message);
        }
    }
}
