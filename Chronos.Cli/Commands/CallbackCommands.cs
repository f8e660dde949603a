using System.CommandLine;
using System.Text.Json.Nodes;
using Chronos.Cli.Documents;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl callback …</c>: what a target that was given a token says of its attempt. Needs no API key.</summary>
internal static class CallbackCommands
{
    private static readonly Argument<string> Token = new("token") { Description = "X-Chronos-Callback-Token of the request, or @file" };
    private static readonly Option<string> Output = new("--output-json") { Description = "JSON (or @file): the output of the attempt", HelpName = "json" };
    private static readonly Option<string> Error = new("--error") { Description = "why it failed", HelpName = "text" };
    private static readonly Option<bool> Permanent = new("--permanent") { Description = "trying again would not help" };
    private static readonly Option<string> RetryAfter = new("--retry-after") { Description = "not to be tried again before", HelpName = "duration" };
    private static readonly Option<double?> Progress = new("--progress") { Description = "how far it is, 0 to 100", HelpName = "percent" };
    private static readonly Option<string> Message = new("--message") { Description = "what it is doing", HelpName = "text" };

    public static void AddCallbackCommands(this RootCommand root, Surroundings around)
    {
        var room = root.AddRoom("callback", "attempts that their target ends by callback");
        room.Add("complete", "the attempt succeeded", around, [Token, Output], call => EndAsync(call, new JsonObject()));
        room.Add("fail", "the attempt failed", around, [Token, Error, Permanent, RetryAfter, Output], call =>
        {
            var body = new JsonObject { ["status"] = "failed" };
            Put(body, "error", call.Of(Error));
            Put(body, "retry_after", call.Of(RetryAfter));
            if (call.Of(Permanent))
            {
                body["retryable"] = false;
            }

            return EndAsync(call, body);
        });
        room.Add("heartbeat", "the attempt still runs", around, [Token, Progress, Message], async call =>
        {
            var body = new JsonObject();
            if (call.Of(Progress) is { } percent)
            {
                body["progress"] = percent;
            }

            Put(body, "message", call.Of(Message));
            var noted = (await call.Api.SendAsync(new ApiRequest(HttpMethod.Post, $"{PathOf(call)}/heartbeat").With(body), call.Cancellation)).Json;
            call.Print.Done(noted, "execution_id", $"{noted.Text("execution_id")} waits until {noted.Text("expires_at")}");
        });
    }

    // Without an idempotency key: the token is one, and what was noted once is refused the second time.
    private static async Task EndAsync(Call call, JsonObject body)
    {
        if (call.Of(Output) is { } given)
        {
            var text = given is ['@', .. var file] ? JobFiles.Text(call, file) : given;
            body["output"] = JsonText.TryParse(text, out var json) ? JsonNode.Parse(json.GetRawText()) : throw CliFailure.Usage("--output-json: is not JSON");
        }

        var noted = (await call.Api.SendAsync(new ApiRequest(HttpMethod.Post, PathOf(call)).With(body), call.Cancellation)).Json;
        call.Print.Done(noted, "execution_id", $"{noted.Text("execution_id")} {noted.Text("status")}{(noted.Text("retry_at") is { } at ? $", next attempt at {at}" : "")}");
    }

    private static string PathOf(Call call)
    {
        var given = call.Of(Token);
        return $"/callbacks/{Arguments.Segment("token", given is ['@', .. var file] ? JobFiles.Text(call, file).Trim() : given)}";
    }

    private static void Put(JsonObject body, string name, string? text)
    {
        if (text is not null)
        {
            body[name] = text;
        }
    }
}
