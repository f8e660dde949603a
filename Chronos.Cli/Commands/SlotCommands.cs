using System.CommandLine;
using Chronos.Cli.Output;

namespace Chronos.Cli.Commands;

/// <summary><c>chronosctl why</c> and <c>chronosctl slots</c>: the slot ledger.</summary>
internal static class SlotCommands
{
    private static readonly Argument<string> At = new("time") { Description = "RFC 3339, now, -1h or +30m" };

    private static readonly TableShape Slots = TableShape.Of("at",
        TableColumn.Of("AT", "at"),
        TableColumn.Of("DISPOSITION", "disposition"),
        TableColumn.Of("REASON", "reason"),
        TableColumn.Of("STATUS", "status"),
        TableColumn.Of("LATE_MS", "lateness_ms"),
        TableColumn.Of("COUNT", "count"),
        TableColumn.Of("LAST", "last"),
        TableColumn.Of("EXECUTION", "execution_id"),
        TableColumn.Of("DETAIL", "detail"));

    public static void AddSlotCommands(this RootCommand root, Surroundings around)
    {
        root.Add("why", "what became of a slot of a job, in one sentence", around, [Arguments.Job, At], WhyAsync);
        root.Add("slots", "the slots of a job with their dispositions", around,
            [Arguments.Job, Arguments.From, Arguments.To, Arguments.Limit, Arguments.Cursor, Arguments.All], SlotsAsync);
    }

    private static async Task WhyAsync(Call call)
    {
        var at = TimeArgument.Read("time", call.Of(At), call.Now);
        var answer = (await call.Api.GetAsync(new Query($"{call.JobPath()}/why").And("at", at).ToString(), call.Cancellation)).Json;
        call.Print.Done(answer, "disposition", answer.Text("sentence") ?? answer.Text("disposition") ?? "");
    }

    private static async Task SlotsAsync(Call call) => call.Print.List(
        await Pages.ReadAsync(call, (cursor, limit) => new Query($"{call.JobPath()}/slots")
            .And("from", call.Time(Arguments.From)).And("to", call.Time(Arguments.To)).And("limit", limit).And("cursor", cursor)),
        Slots);
}
