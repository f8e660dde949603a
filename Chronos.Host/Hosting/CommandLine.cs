using System.Collections.Immutable;
using System.Globalization;

namespace Chronos.Host.Hosting;

/// <summary>The command line, taken apart: a verb, the options of dev mode, and configuration keys.</summary>
public sealed record CommandLine(HostMode Mode)
{
    public const string Usage = """
        Usage: Chronos.Host dev   [--port N] [--data FOLDER] [--no-demo] [--key=value …]
               Chronos.Host serve [--key=value …]
          dev    one node on 127.0.0.1 with a demo job; makes its own administrator's key
          serve  a node from configuration: appsettings.json, CHRONOS_… in the environment, --key=value
        """;

    public int? Port { get; init; }

    public string? Data { get; init; }

    public bool Demo { get; init; } = true;

    /// <summary>Configuration keys without prefix, in the order given.</summary>
    public ImmutableArray<(string Name, string Value)> Keys { get; init; } = [];

    /// <exception cref="WrongUsageException">The verb or an option is unknown or incomplete.</exception>
    public static CommandLine Parse(IReadOnlyList<string> args)
    {
        var line = new CommandLine((args.Count > 0 ? args[0] : null) switch
        {
            "dev" => HostMode.Dev,
            "serve" => HostMode.Serve,
            null => throw new WrongUsageException("a verb is missing: dev or serve"),
            var other => throw new WrongUsageException($"unknown verb '{other}': it is dev or serve"),
        });

        for (var i = 1; i < args.Count; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                throw new WrongUsageException($"unexpected argument '{args[i]}'");
            }

            var split = args[i].IndexOf('=', StringComparison.Ordinal);
            var name = split < 0 ? args[i][2..] : args[i][2..split];
            if (name == "no-demo" && split < 0 && line.Mode == HostMode.Dev)
            {
                line = line with { Demo = false };
                continue;
            }

            var value = split >= 0 ? args[i][(split + 1)..]
                : i + 1 < args.Count && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[++i]
                : throw new WrongUsageException($"--{name} is unknown or lacks its value");
            line = line.With(name, value);
        }

        return line;
    }

    private CommandLine With(string name, string value) => name switch
    {
        "port" => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535
            ? this with { Port = port }
            : throw new WrongUsageException($"--port: '{value}' is no port from 0 to 65535"),
        "data" when value.Length > 0 => this with { Data = value },
        _ when SettingKey.Find(ChronosSettingsReader.Normalize(name)) is { } key => this with { Keys = Keys.Add((key.Name, value)) },
        _ => throw new WrongUsageException($"unknown option --{name}"),
    };
}
