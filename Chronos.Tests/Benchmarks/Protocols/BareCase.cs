using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Chronos.Benchmarks.Kit;

namespace Chronos.Benchmarks.Protocols;

/// <summary>The messages of a run once more, sent by the client of the protocol alone.</summary>
/// <param name="Attempts">The file with the attempts that the node made.</param>
internal sealed record BareCase(string Protocol, string Address, string Secret, string Attempts)
{
    public static string Text(BareCase what) => JsonSerializer.Serialize(what);

    public static async Task<Figures> Run(string text)
    {
        var what = JsonSerializer.Deserialize<BareCase>(text)!;
        var attempts = (await File.ReadAllLinesAsync(what.Attempts)).Select(AttemptLine.Parse).OrderBy(attempt => attempt.StartedAt).ToArray();
        await using var client = await BareClient.Open(what.Protocol, what.Address, what.Secret);
        await client.Send(new BareMessage(attempts[0].Execution + "-first", 0));
        var taken = new double[attempts.Length];
        var sending = new Task[attempts.Length];
        var thread = new Thread(() => SendAll(client, attempts, sending, taken)) { Name = "bare-client", IsBackground = true };
        thread.Start();
        await Task.Run(() => thread.Join());
        await Task.WhenAll(sending);
        var figures = new Figures();
        Spread.Add(figures, "bare", taken.Where((_, i) => attempts[i].Counts));
        return figures;
    }

    /// <summary>Each at the instant, counted from the first, at which the node began it.</summary>
    private static void SendAll(BareClient client, AttemptLine[] attempts, Task[] sending, double[] taken)
    {
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < attempts.Length; i++)
        {
            var due = attempts[i].StartedAt - attempts[0].StartedAt;
            for (var left = due - Stopwatch.GetElapsedTime(began); left > TimeSpan.Zero; left = due - Stopwatch.GetElapsedTime(began))
            {
                // Sleeps to the instant itself: in whole milliseconds, messages would bunch as the node's did not.
                _ = usleep((uint)Math.Max(1, left.TotalMicroseconds));
            }

            sending[i] = Send(client, new BareMessage("bare-" + attempts[i].Execution, i), taken, i);
        }
    }

    private static async Task Send(BareClient client, BareMessage message, double[] taken, int i)
    {
        var since = Stopwatch.GetTimestamp();
        await client.Send(message).ConfigureAwait(false);
        taken[i] = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    }

    [DllImport("libc")]
    private static extern int usleep(uint microseconds);
}
