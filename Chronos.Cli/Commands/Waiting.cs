using System.Text.Json;

namespace Chronos.Cli.Commands;

/// <summary>Reads something again and again until it has come to its end: quickly at first, then every two seconds.</summary>
internal static class Waiting
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    public static async Task<JsonElement> UntilAsync(Call call, string path, Func<JsonElement, bool> done)
    {
        for (var pause = First; ; pause = pause * 1.5 < Longest ? pause * 1.5 : Longest)
        {
            var answer = (await call.Api.GetAsync(path, call.Cancellation)).Json;
            if (done(answer))
            {
                return answer;
            }

            await Task.Delay(pause, call.Around.Clock, call.Cancellation);
        }
    }
}
