using System.Text.Json;
using Chronos.Core.Jobs;

namespace Chronos.Cli.Output;

/// <summary>The forms of an answer.</summary>
internal enum OutputFormat
{
    Table,
    Json,
    Yaml,
}

/// <summary>How much is said in the table form.</summary>
internal enum Verbosity
{
    Full,
    IdsOnly,
}

/// <summary>Whether a terminal gets colors.</summary>
internal enum Palette
{
    Colors,
    None,
}

/// <summary>Prints an answer in the form that was asked for. Results go to stdout, remarks to stderr.</summary>
internal sealed class Printer(Surroundings around, OutputFormat format, Verbosity verbosity, Palette palette)
{
    private ITableWriter? _tables;

    public OutputFormat Format => format;

    public bool IsQuiet => verbosity == Verbosity.IdsOnly;

    private ITableWriter Tables => _tables ??= around.OutIsTerminal ? new TerminalTableWriter(around.Out, around.Width, palette) : new PlainTableWriter(around.Out);

    /// <summary>A list <c>{items: […]}</c>.</summary>
    public void List(JsonElement answer, TableShape shape) => List(answer, "items", shape);

    public void List(JsonElement answer, string field, TableShape shape)
    {
        if (TryPrograms(answer))
        {
            return;
        }

        var items = (answer.ValueKind == JsonValueKind.Array ? answer.EnumerateArray() : answer.Items(field)).ToList();
        if (verbosity == Verbosity.IdsOnly)
        {
            items.ForEach(i => Lines(i.Text(shape.Id)));
            return;
        }

        Table(items, shape);
        if (answer.Text("next_cursor") is { Length: > 0 } cursor)
        {
            Remark($"there are more: --cursor {cursor} continues, --all fetches everything");
        }
    }

    /// <summary>A list whose columns are the fields of its items.</summary>
    public void ListAsIs(JsonElement answer, string id) =>
        List(answer, TableShape.Fitting(id, [.. answer.ValueKind == JsonValueKind.Array ? answer.EnumerateArray() : answer.Items("items")]));

    /// <summary>One thing with its fields; objects are flattened to <c>retry.max_attempts</c>, lists of objects become tables beneath.</summary>
    public void One(JsonElement answer, string id)
    {
        if (TryPrograms(answer))
        {
            return;
        }

        if (verbosity == Verbosity.IdsOnly)
        {
            Lines(answer.Text(id));
            return;
        }

        var fields = new List<(string, string)>();
        var tables = new List<(string Name, List<JsonElement> Items)>();
        Flatten("", answer, fields, tables);
        Tables.Fields(fields);
        foreach (var (name, items) in tables)
        {
            around.Out.WriteLine();
            around.Out.WriteLine($"{name}:");
            Table(items, TableShape.Fitting(id, items));
        }
    }

    /// <summary>What was done, as a sentence.</summary>
    public void Done(JsonElement answer, string id, string sentence)
    {
        if (TryPrograms(answer))
        {
            return;
        }

        Lines(verbosity == Verbosity.IdsOnly ? answer.Text(id) : sentence);
    }

    /// <summary>True when the answer was printed for a program.</summary>
    public bool TryPrograms(JsonElement answer)
    {
        switch (format)
        {
            case OutputFormat.Json:
                around.Out.WriteLine(JsonText.Indented(answer));
                return true;
            case OutputFormat.Yaml:
                JobDocumentYamlWriter.Write(around.Out, [answer]);
                return true;
            default:
                return false;
        }
    }

    /// <summary>A stream: each element on a line of its own (or a YAML document of its own).</summary>
    public void StreamItem(JsonElement item, string line)
    {
        switch (format)
        {
            case OutputFormat.Json:
                around.Out.WriteLine(JsonText.OneLine(item));
                break;
            case OutputFormat.Yaml:
                around.Out.WriteLine("---");
                JobDocumentYamlWriter.Write(around.Out, [item]);
                break;
            default:
                around.Out.WriteLine(Plain.Line(line));
                break;
        }

        around.Out.Flush();
    }

    /// <summary>For people only; a program, or <c>--quiet</c>, does not get it.</summary>
    public void Remark(string text)
    {
        if (verbosity == Verbosity.Full)
        {
            around.Error.WriteLine(Plain.Line(text));
        }
    }

    public void Line(string text) => Lines(text);

    private void Lines(string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            around.Out.WriteLine(Plain.Line(text));
        }
    }

    private void Table(List<JsonElement> items, TableShape shape)
    {
        if (items.Count == 0)
        {
            Remark("(none)");
            return;
        }

        Tables.Table([.. shape.Columns.Select(c => c.Header)], [.. items.Select(i => shape.Columns.Select(c => Plain.Line(c.Cell(i))).ToArray())]);
    }

    private static void Flatten(string path, JsonElement json, List<(string, string)> fields, List<(string, List<JsonElement>)> tables)
    {
        foreach (var property in json.ValueKind == JsonValueKind.Object ? json.EnumerateObject().ToArray() : [])
        {
            var name = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
            switch (property.Value.ValueKind)
            {
                case JsonValueKind.Object:
                    Flatten(name, property.Value, fields, tables);
                    break;
                case JsonValueKind.Array when property.Value.GetArrayLength() > 0 && property.Value.EnumerateArray().All(e => e.ValueKind == JsonValueKind.Object):
                    tables.Add((name, [.. property.Value.EnumerateArray()]));
                    break;
                case JsonValueKind.Null:
                    break;
                default:
                    fields.Add((name, Plain.Line(property.Value.Cell())));
                    break;
            }
        }
    }
}
