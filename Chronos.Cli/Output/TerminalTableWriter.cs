using Spectre.Console;
using Spectre.Console.Rendering;

namespace Chronos.Cli.Output;

/// <summary>Tables on a terminal. Ids and other short cells stay whole, even where the terminal is too narrow; long text wraps inside its column.</summary>
internal sealed class TerminalTableWriter(TextWriter output, int width, Palette palette) : ITableWriter
{
    private const int WrapsBeyond = 48;

    public void Table(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        var needed = 1;
        foreach (var (header, i) in headers.Select((h, i) => (h, i)))
        {
            var longest = rows.Select(r => r[i].Length).Append(header.Length).Max();
            var column = new Spectre.Console.TableColumn(new Text(header, new Style(decoration: Decoration.Bold)));
            table.AddColumn(longest <= WrapsBeyond ? column.NoWrap() : column);
            needed += Math.Min(longest, WrapsBeyond) + 3;
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(Cell).ToArray<IRenderable>());
        }

        // A terminal folds a line that is too long; a cut id would be lost.
        Console(Math.Max(width, needed)).Write(table);
    }

    public void Fields(IReadOnlyList<(string Name, string Value)> fields)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn().NoWrap());
        grid.AddColumn();
        foreach (var (name, value) in fields)
        {
            grid.AddRow(new Text(name, new Style(Color.Grey)), Cell(value));
        }

        Console(width).Write(grid);
    }

    private IAnsiConsole Console(int columns)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = palette == Palette.Colors ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = palette == Palette.Colors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = columns;
        return console;
    }

    // Text, never markup: a job named [red] stays a job named [red].
    private static Text Cell(string value) => new(value, value switch
    {
        "succeeded" or "active" or "created" or "fired" or "up" => new Style(Color.Green),
        "failed" or "timed_out" or "lost" or "deleted" => new Style(Color.Red),
        "running" or "pending" or "updated" or "caught_up" => new Style(Color.Aqua),
        "paused" or "disabled" or "cancelled" or "skipped" => new Style(Color.Yellow),
        _ => Style.Plain,
    });
}
