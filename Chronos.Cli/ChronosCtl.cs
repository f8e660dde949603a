using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.RegularExpressions;
using Chronos.Cli.Commands;
using Chronos.Cli.Output;

namespace Chronos.Cli;

/// <summary>The whole program as a function of its arguments and surroundings; the tests call it in process.</summary>
internal static partial class ChronosCtl
{
    private const string About =
        """
        chronosctl talks to a Chronos node. Every <job> is an id or a name. A time is RFC 3339 (2026-03-29T01:00:00Z), 'now',
        or relative to now (-1h, +30m); a duration is 90s, 1h30m, 2d or PT1H30M.

        Server: --server, else CHRONOS_SERVER, else http://127.0.0.1:8080.
        Key:    --key, else CHRONOS_API_KEY, else the file CHRONOS_API_KEY_FILE, else (for a server on this machine) the file admin.key under --data, CHRONOS_DATA or ./data.
        https:  --ca, else CHRONOS_CA, names the PEM file of a private authority; else the system's authorities are trusted.

        Exit codes:
          0  done
          1  refused by the server, or failed
          2  wrong usage
          3  not found
          4  not authenticated, or forbidden
          5  server not reachable
          6  precondition failed, or conflict
        """;

    /// <summary>How long an interrupted verb may take to end: <c>dev</c> waits for its node to leave in order.</summary>
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync(IReadOnlyList<string> args, Surroundings around, CancellationToken cancellation)
    {
        var root = Tree(around);

        // '@daily' and '@every 5m' are schedules, not response files; '-1h' is a time, not a bundle of options.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (args.Count == 0)
        {
            parsed = root.Parse(["--help"]);
        }
        else if (parsed.Action is ParseErrorAction)
        {
            return Usage(parsed, around);
        }

        var exit = await parsed.InvokeAsync(
            new InvocationConfiguration { Output = around.Out, Error = around.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = Goodbye },
            cancellation);
        await around.Out.FlushAsync(CancellationToken.None);
        return exit;
    }

    private static RootCommand Tree(Surroundings around)
    {
        var root = new RootCommand(About);
        GlobalOptions.AddTo(root);
        root.AddJobCommands(around);
        root.AddExecutionCommands(around);
        root.AddScheduleCommands(around);
        root.AddCalendarCommands(around);
        root.AddAgendaCommands(around);
        root.AddSlotCommands(around);
        root.AddBackfillCommands(around);
        root.AddDeadLetterCommands(around);
        root.AddTargetCommands(around);
        root.AddStudioCommands(around);
        root.AddCallbackCommands(around);
        root.AddKeyCommands(around);
        root.AddClusterCommands(around);
        root.AddAdminCommands(around);
        root.AddVerifyCommands(around);
        root.AddReceiverCommands(around);
        root.AddDevCommands(around);
        return root;
    }

    private static int Usage(ParseResult parsed, Surroundings around)
    {
        var path = CommandPath(parsed.CommandResult.Command);
        foreach (var (error, first) in parsed.Errors.Select((error, i) => (error, i == 0)))
        {
            var message = Plain.Line(Said(error.Message));
            around.Error.WriteLine(first ? $"error: {message}" : message);
        }

        if (parsed.CommandResult.Command.Subcommands.Count > 0)
        {
            around.Error.WriteLine($"one of: {string.Join(", ", parsed.CommandResult.Command.Subcommands.Select(c => c.Name))}");
        }

        around.Error.WriteLine($"see '{path} --help'");
        return ExitCode.Usage;
    }

    /// <summary>In words of the command line, where the library names a type of the program.</summary>
    private static string Said(string message) => TypeName().Replace(message, static type => type.Groups[1].Value switch
    {
        "Int32" or "Int64" => "as a whole number",
        "Double" or "Decimal" => "as a number",
        "Boolean" => "as true or false",
        _ => "as what it must be",
    });

    [GeneratedRegex(@"as expected type 'System\.(?:Nullable`1\[System\.)?(\w+)\]?'", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex TypeName();

    private static string CommandPath(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{CommandPath(parent)} {command.Name}" : "chronosctl";
}
