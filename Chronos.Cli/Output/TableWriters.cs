namespace Chronos.Cli.Output;

/// <summary>Draws tables and fields: boxes and colors on a terminal, aligned text elsewhere.</summary>
internal interface ITableWriter
{
    void Table(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows);

    void Fields(IReadOnlyList<(string Name, string Value)> fields);
}

/// <summary>Aligned columns two blanks apart, one line per row, never wrapped or cut: made for pipes, <c>awk</c> and logs.</summary>
internal sealed class PlainTableWriter(TextWriter output) : ITableWriter
{
    public void Table(IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = headers.Select((header, i) => rows.Select(r => r[i].Length).Append(header.Length).Max()).ToArray();
        Row(headers, widths);
        foreach (var row in rows)
        {
            Row(row, widths);
        }
    }

    public void Fields(IReadOnlyList<(string Name, string Value)> fields)
    {
        var width = fields.Count == 0 ? 0 : fields.Max(f => f.Name.Length) + 1;
        foreach (var (name, value) in fields)
        {
            output.WriteLine($"{(name + ":").PadRight(width)} {value}".TrimEnd());
        }
    }

    // An empty cell in the middle is a dash, so that the n-th word stays the n-th column.
    private void Row(IReadOnlyList<string> cells, int[] widths) =>
        output.WriteLine(string.Join("  ", cells.Select((c, i) => (c.Length == 0 ? "-" : c).PadRight(widths[i]))).TrimEnd());
}
