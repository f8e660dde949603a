using System.CommandLine;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary>How a verb is declared and run: the one place where a failure becomes a line on stderr and an exit code.</summary>
internal static class Verb
{
    public static Command Add(this Command parent, string name, string description, Surroundings around, Symbol[] takes, Func<Call, Task> body)
    {
        var verb = new Command(name, description);
        foreach (var symbol in takes)
        {
            switch (symbol)
            {
                case Argument argument: verb.Add(argument); break;
                case Option option: verb.Add(option); break;
                default: throw new InvalidOperationException($"{symbol} is neither argument nor option");
            }
        }

        verb.SetAction((parsed, cancellation) => RunAsync(parsed, around, body, cancellation));
        parent.Add(verb);
        return verb;
    }

    public static Command AddRoom(this Command parent, string name, string description)
    {
        var room = new Command(name, description);
        parent.Add(room);
        return room;
    }

    private static async Task<int> RunAsync(ParseResult parsed, Surroundings around, Func<Call, Task> body, CancellationToken cancellation)
    {
        try
        {
            using var call = new Call(parsed, around, cancellation);
            await body(call);
            await around.Out.FlushAsync(CancellationToken.None);
            return ExitCode.Done;
        }
        catch (CliFailure failure)
        {
            await around.Out.FlushAsync(CancellationToken.None);
            await around.Error.WriteLineAsync($"error: {Plain.Line(failure.Message)}");
            foreach (var line in failure.Lines)
            {
                await around.Error.WriteLineAsync(Plain.Line(line));
            }

            return failure.ExitCode;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await around.Out.FlushAsync(CancellationToken.None);
            await around.Error.WriteLineAsync("error: interrupted");
            return ExitCode.Refused;
        }
        catch (IOException broken) when (broken.Message.Contains("Broken pipe", StringComparison.OrdinalIgnoreCase))
        {
            // The reader of the pipe ('| head') has seen enough.
            return ExitCode.Done;
        }
        catch (Exception fault)
        {
            // A fault of this program; the documented exit codes hold even then.
            await around.Error.WriteLineAsync($"error: chronosctl failed: {fault}");
            return ExitCode.Refused;
        }
    }
}
