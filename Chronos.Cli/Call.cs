using System.CommandLine;
using Chronos.Cli.Output;
using Chronos.Core.Kernel;

namespace Chronos.Cli;

/// <summary>One invocation of one verb: its arguments, the server, the printer.</summary>
internal sealed class Call : IDisposable
{
    private readonly ParseResult _parsed;
    private ChronosApi? _api;

    public Call(ParseResult parsed, Surroundings around, CancellationToken cancellation)
    {
        _parsed = parsed;
        Around = around;
        Cancellation = cancellation;
        Print = new Printer(
            around,
            parsed.GetValue(GlobalOptions.Output) switch { "json" => OutputFormat.Json, "yaml" => OutputFormat.Yaml, _ => OutputFormat.Table },
            parsed.GetValue(GlobalOptions.Quiet) ? Verbosity.IdsOnly : Verbosity.Full,
            parsed.GetValue(GlobalOptions.NoColor) || around.Variable("NO_COLOR") is { Length: > 0 } ? Palette.None : Palette.Colors);
    }

    public Surroundings Around { get; }

    public CancellationToken Cancellation { get; }

    public Printer Print { get; }

    public DateTimeOffset Now => Around.Clock.GetUtcNow();

    /// <summary>Made on first use: offline verbs never look for a server or a key.</summary>
    public ChronosApi Api => _api ??= new ChronosApi(
        ServerSettings.Read(_parsed.GetValue(GlobalOptions.Server), _parsed.GetValue(GlobalOptions.Key), _parsed.GetValue(GlobalOptions.Data), _parsed.GetValue(GlobalOptions.Authority), Around));

    public string Of(Argument<string> argument) => _parsed.GetValue(argument)!;

    public T? Of<T>(Option<T> option) => _parsed.GetValue(option);

    public T? Of<T>(Argument<T> argument) => _parsed.GetValue(argument);

    public bool Has(IEnumerable<Option> options) => options.Any(o => _parsed.GetResult(o) is { Implicit: false });

    /// <summary>A duration option; absent is null, nonsense is wrong usage.</summary>
    public TimeSpan? Duration(Option<string> option) => Of(option) switch
    {
        null => null,
        var text when Durations.TryParse(text, out var duration) => duration,
        var text => throw CliFailure.Usage($"{option.Name}: '{text}' is no duration; write 90s, 1h30m, 2d or PT1H30M"),
    };

    /// <summary>A time option; absent is null, nonsense is wrong usage.</summary>
    public DateTimeOffset? Time(Option<string> option) => Of(option) is { } text ? TimeArgument.Read(option.Name, text, Now) : null;

    public void Dispose() => _api?.Dispose();
}
