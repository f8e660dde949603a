using System.Collections.Immutable;
using System.Text.Json;

namespace Chronos.Cli.Output;

/// <summary>One column: its header, and what it shows of an item.</summary>
internal sealed record TableColumn(string Header, Func<JsonElement, string> Cell)
{
    /// <summary>The first of these fields that the item has.</summary>
    public static TableColumn Of(string header, params string[] fields) =>
        new(header, item => fields.Select(f => item.Field(f)).FirstOrDefault(v => v is not null)?.Cell() ?? "");
}

/// <summary>How a list is shown to people.</summary>
/// <param name="Id">What <c>--quiet</c> prints, and what a script would pass on.</param>
internal sealed record TableShape(string Id, ImmutableArray<TableColumn> Columns)
{
    public static TableShape Of(string id, params TableColumn[] columns) => new(id, [.. columns]);

    /// <summary>A column for each field that any item has, in the order in which they appear.</summary>
    public static TableShape Fitting(string id, IReadOnlyList<JsonElement> items) =>
        new(id, [.. items.Where(i => i.ValueKind == JsonValueKind.Object).SelectMany(i => i.EnumerateObject()).Select(p => p.Name).Distinct()
            .Select(name => TableColumn.Of(name.ToUpperInvariant(), name))]);
}
