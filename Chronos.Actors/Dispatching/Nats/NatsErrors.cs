using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Chronos.Actors.Dispatching.Nats;

/// <summary>
/// Hears what the server complains of. The client reports it to its log while it reads, before it reads on; its event comes some time
/// after, when an answer that the complaint belongs to may have been taken for good.
/// </summary>
internal sealed partial class NatsErrors : ILoggerFactory, ILogger
{
    private readonly Lock _gate = new();
    private readonly HashSet<Watch> _watches = [];
    private bool _noReplies;

    /// <param name="replies">Whether a reply is waited for.</param>
    public Watch Listen(string subject, bool replies)
    {
        var watch = new Watch(this, subject, replies);
        lock (_gate)
        {
            _watches.Add(watch);
            if (_noReplies)
            {
                // The client subscribes once for all replies; so the server has complained once.
                watch.DenyReplies();
            }
        }

        return watch;
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        // Nothing of it is written anywhere: it may hold what a request held.
        if (Violation().Match(formatter(state, exception)) is not { Success: true } denied)
        {
            return;
        }

        lock (_gate)
        {
            var publish = denied.Groups["what"].Value.StartsWith('P');
            _noReplies |= !publish;
            foreach (var watch in _watches)
            {
                if (publish)
                {
                    watch.DenySubject(denied.Groups["subject"].Value);
                }
                else
                {
                    watch.DenyReplies();
                }
            }
        }
    }

    [GeneratedRegex("Permissions Violation for (?<what>Publish|Subscription) to \"(?<subject>[^\"]*)\"", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Violation();

    /// <summary>What the server denies of one subject, while an attempt runs.</summary>
    internal sealed class Watch(NatsErrors owner, string subject, bool replies) : IDisposable
    {
        private readonly CancellationTokenSource _denied = new();

        public CancellationToken Denied => _denied.Token;

        public string? Reason { get; private set; }

        public void DenySubject(string denied)
        {
            if (denied == subject)
            {
                Deny($"the server does not let this user publish to {subject}");
            }
        }

        public void DenyReplies()
        {
            if (replies)
            {
                Deny("the server does not let this user receive replies; see inbox_prefix");
            }
        }

        private void Deny(string reason)
        {
            Reason = reason;
            _ = _denied.CancelAsync();
        }

        public void Dispose()
        {
            lock (owner._gate)
            {
                owner._watches.Remove(this);
            }

            _denied.Dispose();
        }
    }
}
