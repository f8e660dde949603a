using System.Text;

namespace Chronos.Cli;

/// <summary>Everything outside the process that a verb may touch, so that a test can stand in for it.</summary>
internal sealed record Surroundings
{
    public required TextReader In { get; init; }

    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>For bytes that are not ours to decode (<c>execution output</c>).</summary>
    public required Func<Stream> RawOut { get; init; }

    /// <summary>Colors and boxes are for terminals only; a pipe gets plain aligned text.</summary>
    public required bool OutIsTerminal { get; init; }

    /// <summary>Whether somebody types: only then there is a console to talk with.</summary>
    public bool InIsTerminal { get; init; }

    /// <summary>Columns of the terminal.</summary>
    public required int Width { get; init; }

    public required Func<string, string?> Variable { get; init; }

    public required TimeProvider Clock { get; init; }

    /// <summary>Where relative paths begin.</summary>
    public required string Folder { get; init; }

    public static Surroundings OfProcess()
    {
        // Never a byte order mark, and one write per answer instead of one per line.
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 16 * 1024) { AutoFlush = !Console.IsOutputRedirected };
        return new Surroundings
        {
            In = Console.In,
            Out = output,
            Error = Console.Error,
            RawOut = Console.OpenStandardOutput,
            OutIsTerminal = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb",
            InIsTerminal = !Console.IsInputRedirected && !Console.IsOutputRedirected,
            Width = Console.IsOutputRedirected || Console.WindowWidth < 40 ? 80 : Console.WindowWidth,
            Variable = Environment.GetEnvironmentVariable,
            Clock = TimeProvider.System,
            Folder = Environment.CurrentDirectory,
        };
    }
}
