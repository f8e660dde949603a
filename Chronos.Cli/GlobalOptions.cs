using System.CommandLine;

namespace Chronos.Cli;

/// <summary>The options that every verb takes.</summary>
internal static class GlobalOptions
{
    public static readonly Option<string> Output = new("--output", "-o")
    {
        Description = "table for people, json (the API's own) or yaml for programs",
        HelpName = "table|json|yaml",
        Recursive = true,
        DefaultValueFactory = _ => "table",
    };

    public static readonly Option<string> Server = new("--server") { Description = "address of a node", HelpName = "url", Recursive = true };

    public static readonly Option<string> Key = new("--key") { Description = "API key", HelpName = "key", Recursive = true };

    public static readonly Option<string> Data = new("--data") { Description = "data folder of the dev node, for its key file", HelpName = "folder", Recursive = true };

    public static readonly Option<string> Authority = new("--ca")
    {
        Description = "PEM file of the authority that an https server's certificate is of, where the system does not trust it",
        HelpName = "file",
        Recursive = true,
    };

    public static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "print ids only, and no remarks", Recursive = true };

    public static readonly Option<bool> NoColor = new("--no-color") { Description = "no colors (NO_COLOR does the same)", Recursive = true };

    static GlobalOptions() => Output.AcceptOnlyFromAmong("table", "json", "yaml");

    public static void AddTo(RootCommand root)
    {
        root.Add(Output);
        root.Add(Server);
        root.Add(Key);
        root.Add(Data);
        root.Add(Authority);
        root.Add(Quiet);
        root.Add(NoColor);
    }
}
