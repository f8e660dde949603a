using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Chronos.Benchmarks.Kit;

namespace Chronos.Benchmarks.Protocols;

/// <summary>The client of a protocol alone, at the pace of the node.</summary>
/// <param name="Attempts">The file with the attempts that the node made: each is sent once more, at the instant at which the node began it.</param>
/// <param name="Beside">Where there are no attempts yet, for the node is at work: evenly <paramref name="PerSecond"/> until standard input ends, and each message into this file.</param>
internal sealed record BareCase(string Protocol, string Address, string Secret, string? Attempts, string? Beside, int PerSecond)
{
    public static string Text(BareCase what) => JsonSerializer.Serialize(what);

    public static async Task<Figures> Run(string text)
    {
        var what = JsonSerializer.Deserialize<BareCase>(text)!;
        await using var client = await BareClient.Open(what.Protocol, what.Address, what.Secret);
        await client.Send(new BareMessage("first", 0));
        return what.Attempts is { } attempts ? await Again(client, attempts) : await WhileAsked(client, what.Beside!, what.PerSecond);
    }

    private static async Task<Figures> Again(BareClient client, string file)
    {
        var attempts = (await File.ReadAllLinesAsync(file)).Select(AttemptLine.Parse).OrderBy(attempt => attempt.StartedAt).ToArray();
        var sent = await SendAll(client, Enumerable.Range(0, attempts.Length).Select(i => ("bare-" + attempts[i].Execution, attempts[i].StartedAt - attempts[0].StartedAt)), CancellationToken.None);
        var figures = new Figures();
        Spread.Add(figures, "alone", sent.Where((_, i) => attempts[i].Counts).Select(one => one.Milliseconds), tail: false);
        return figures;
    }

    private static async Task<Figures> WhileAsked(BareClient client, string file, int perSecond)
    {
        using var over = new CancellationTokenSource();

        // Standard input has no asynchronous reads: they block, and the pool has no thread to spare for that.
        var stop = new Thread(() =>
        {
            Console.In.ReadToEnd();
            over.Cancel();
        })
        { IsBackground = true };
        stop.Start();
        var sent = await SendAll(client, Enumerable.Range(0, int.MaxValue).Select(i => ($"beside-{i}", TimeSpan.FromSeconds(1) * i / perSecond)), over.Token);
        stop.Join();
        await File.WriteAllLinesAsync(file, sent.Select(one => one.ToString()));
        return [];
    }

    private static async Task<IReadOnlyList<BareSent>> SendAll(BareClient client, IEnumerable<(string Name, TimeSpan Due)> messages, CancellationToken over)
    {
        var sending = new List<Task<BareSent>>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            Pace(client, messages, sending, over);
            all.SetResult();
        })
        { Name = "bare-client", IsBackground = true }.Start();
        await all.Task;
        return await Task.WhenAll(sending);
    }

    /// <summary>Each at its instant, counted from the first.</summary>
    private static void Pace(BareClient client, IEnumerable<(string Name, TimeSpan Due)> messages, List<Task<BareSent>> sending, CancellationToken over)
    {
        var began = Stopwatch.GetTimestamp();
        foreach (var (name, due) in messages)
        {
            for (var left = due - Stopwatch.GetElapsedTime(began); left > TimeSpan.Zero; left = due - Stopwatch.GetElapsedTime(began))
            {
                // Sleeps to the instant itself: in whole milliseconds, messages would bunch as the node's did not.
                _ = usleep((uint)Math.Max(1, left.TotalMicroseconds));
            }

            if (over.IsCancellationRequested)
            {
                return;
            }

            sending.Add(Send(client, new BareMessage(name, sending.Count)));
        }
    }

    private static async Task<BareSent> Send(BareClient client, BareMessage message)
    {
        var (at, since) = (DateTimeOffset.UtcNow, Stopwatch.GetTimestamp());
        await client.Send(message).ConfigureAwait(false);
        return new BareSent(at, Stopwatch.GetElapsedTime(since).TotalMilliseconds);
    }

    [DllImport("libc")]
    private static extern int usleep(uint microseconds);
}

/// <summary>One message of the bare client.</summary>
internal readonly record struct BareSent(DateTimeOffset At, double Milliseconds)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At.UtcTicks}\t{Milliseconds}");

    public static BareSent Parse(string line)
    {
        var parts = line.Split('\t');
        return new BareSent(new DateTimeOffset(long.Parse(parts[0], CultureInfo.InvariantCulture), TimeSpan.Zero), double.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}
