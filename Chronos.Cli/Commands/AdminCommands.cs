using System.CommandLine;
using Chronos.Cli.Admin;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl admin</c>: a console on one node, for its administrators.</summary>
internal static class AdminCommands
{
    private static readonly Argument<string[]> Line = new("line")
    {
        Description = "one line of the console, such as \"cluster show\"; absent: a console, or the lines of a pipe",
        Arity = ArgumentArity.ZeroOrMore,
    };

    public static void AddAdminCommands(this RootCommand root, Surroundings around) => root.Add(
        "admin", "a console on one node: members, shards, actors, log; 'admin help' lists its verbs", around, [Line], async call =>
        {
            var console = new AdminConsole(call);
            if (call.Of(Line) is { Length: > 0 } words)
            {
                await console.Run(string.Join(' ', words));
            }
            else if (call.Around.InIsTerminal)
            {
                await console.Talk();
            }
            else
            {
                await console.Obey(call.Around.In);
            }
        });
}
