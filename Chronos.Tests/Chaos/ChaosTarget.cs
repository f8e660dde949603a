using System.Collections.Concurrent;
using System.Text.Json;
using Chronos.Cli.Documents;
using Chronos.Core.Verification;
using Chronos.Tests.Kit;

namespace Chronos.Tests.Chaos;

/// <summary>The target of all jobs. It does what their payload wishes, writes down what it gets, and knows when each job came last.</summary>
internal sealed class ChaosTarget : IAsyncDisposable
{
    private readonly Receiver _receiver;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _newest = new(StringComparer.Ordinal);

    private ChaosTarget(Receiver receiver) => _receiver = receiver;

    public string Url => _receiver.Url;

    public IReadOnlyCollection<Received> Requests => _receiver.Requests;

    public static async Task<ChaosTarget> Start()
    {
        var target = new ChaosTarget(await Receiver.Start(ChaosNetwork.Target));
        target._receiver.Answer = target.Answer;
        return target;
    }

    /// <summary>The newest nominal time that came of a job.</summary>
    public DateTimeOffset Newest(LoadedJob job) => _newest.GetValueOrDefault(job.Id.Value);

    /// <summary>Writes the log that <c>chronosctl verify</c> reads.</summary>
    public void Save(string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        File.WriteAllLines(path, _receiver.Requests.Select(r => ReceiverLog.Line(new ReceivedRequest(r.Execution, r.Attempt, r.ScheduledAt, r.At), r.Key, !seen.Add(r.Key))));
    }

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();

    private async Task<int> Answer(Received request, CancellationToken cancellation)
    {
        var job = request.Execution[..request.Execution.IndexOfAny(['@', '!'])];
        _newest.AddOrUpdate(job, request.ScheduledAt, (_, known) => request.ScheduledAt > known ? request.ScheduledAt : known);
        var wish = JsonDocument.Parse(request.Body).RootElement;
        await Task.Delay(wish.GetProperty("ms").GetInt32(), cancellation);
        return request.Attempt == 1 && request.ScheduledAt.Ticks / TimeSpan.TicksPerMillisecond % 97 < wish.GetProperty("fail").GetInt32() ? 503 : 200;
    }
}
