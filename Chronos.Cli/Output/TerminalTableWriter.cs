using Spectre.Console;
using Spectre.Console.Rendering;

namespace Chronos.Cli.Output;

/// <summary>Tables on a terminal. Ids stay whole; long text wraps inside its column.</summary>
internal sealed class TerminalTableWriter : ITableWriter
{
    private readonly IAnsiConsole _console;

    public TerminalTableWriter(TextWriter output, Palette palette) => _console = AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(output),
        Ansi = palette == Palette.Colors ? AnsiSupport.Yes : AnsiSupport.No,
        ColorSystem = palette == Palette.Colors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        Interactive = InteractionSupport.No,
    });

    public void Table(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.Simple, ShowRowSeparators = false };
        foreach (var (header, i) in headers.Select((h, i) => (h, i)))
        {
            var column = new Spectre.Console.TableColumn(new Text(header, new Style(decoration: Decoration.Bold)));
            var longest = rows.Select(r => r[i].Length).DefaultIfEmpty(0).Max();
            table.AddColumn(longest <= 48 ? column.NoWrap() : column);
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(Cell).ToArray<IRenderable>());
        }

        _console.Write(table);
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

        _console.Write(grid);
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
