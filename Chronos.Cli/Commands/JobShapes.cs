using System.Text.Json;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary>How jobs and what belongs to them look in tables.</summary>
internal static class JobShapes
{
    public static readonly TableShape Jobs = TableShape.Of("name",
        TableColumn.Of("NAME", "name"),
        TableColumn.Of("JOB_ID", "job_id"),
        TableColumn.Of("STATE", "state"),
        new TableColumn("SCHEDULE", job => Schedule(job.Field("schedule"))),
        TableColumn.Of("TIMEZONE", "timezone"),
        TableColumn.Of("NEXT_AT", "next_at"),
        TableColumn.Of("TAGS", "tags"));

    public static readonly TableShape Revisions = TableShape.Of("revision",
        TableColumn.Of("REVISION", "revision"), TableColumn.Of("AT", "at"), TableColumn.Of("BY", "by"), TableColumn.Of("REASON", "reason"));

    public static readonly TableShape Changes = TableShape.Of("path",
        TableColumn.Of("PATH", "path"), TableColumn.Of("FROM", "from"), TableColumn.Of("TO", "to"));

    public static readonly TableShape Times = TableShape.Of("at",
        TableColumn.Of("AT", "at"), TableColumn.Of("LOCAL", "local"), TableColumn.Of("NOTES", "notes"));

    /// <summary>The results of an apply; <paramref name="place"/> says where the document with this index came from.</summary>
    public static TableShape Applied(Func<long, string?> place) => TableShape.Of("name",
        TableColumn.Of("NAME", "name"),
        TableColumn.Of("ACTION", "action"),
        new TableColumn("DOCUMENT", result => result.Field("document") is { ValueKind: JsonValueKind.Number } index ? place(index.GetInt64()) ?? "" : ""));

    private static string Schedule(JsonElement? schedule) => schedule switch
    {
        null => "",
        { ValueKind: JsonValueKind.Object } parts => string.Join(' ', parts.EnumerateObject().Select(p => p.Name == "cron" ? p.Value.Cell() : $"{p.Name}={p.Value.Cell()}")),
        { } text => text.Cell(),
    };
}
