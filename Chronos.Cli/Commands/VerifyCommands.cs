using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Cli.Documents;
using Chronos.Cli.Output;
using Chronos.Core.Contracts;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Core.Verification;

namespace Chronos.Cli.Commands;

/// <summary>
/// <c>chronosctl verify</c>: asks the node for schedules and ledger, computes here which slots there are, and says what does not
/// match. Exit code 1 when anything does not.
/// </summary>
internal static class VerifyCommands
{
    /// <summary>A slot this young may still be on its way to the ledger.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    private static readonly Option<string[]> Jobs = new("--job") { Description = "only this job; may be given several times", HelpName = "id or name" };
    private static readonly Option<string> Log = new("--received") { Description = "log of a receiver ('chronosctl receiver --log'): deliveries are judged too", HelpName = "file" };
    private static readonly Option<string> Late = new("--late") { Description = "a slot that is sent later than this after its time is late (default 5s)", HelpName = "duration" };

    private static readonly TableShape Findings = TableShape.Of("kind",
        TableColumn.Of("KIND", "kind"),
        TableColumn.Of("JOB", "job"),
        TableColumn.Of("AT", "at"),
        TableColumn.Of("EXECUTION", "execution_id"),
        TableColumn.Of("DETAIL", "detail"));

    public static void AddVerifyCommands(this RootCommand root, Surroundings around) =>
        root.Add("verify", "match schedules, ledger and a receiver's log: missed, doubled, early, late, overlapped and undisposed slots", around,
            [Arguments.From, Arguments.To, Jobs, Log, Late], VerifyAsync);

    private static async Task VerifyAsync(Call call)
    {
        var settled = call.Now - Settled;
        var from = call.Time(Arguments.From) ?? call.Now.AddHours(-1);
        var to = call.Time(Arguments.To) is { } end && end < settled ? end : settled;
        if (from >= to)
        {
            throw CliFailure.Usage($"--from: must be before --to, and before {Rfc3339.Format(settled)}: a younger slot may still be on its way to the ledger");
        }

        var window = new VerificationWindow(from, to, call.Duration(Late) ?? TimeSpan.FromSeconds(5)) { LogReadAt = call.Now };
        var received = call.Of(Log) is { } file ? ReceiverLog.Read(Path.Combine(call.Around.Folder, file)) : null;
        var (jobs, slots, executions, redelivered) = (0L, 0L, 0L, 0L);
        var findings = new List<Finding>();
        await foreach (var job in JobsAsync(call))
        {
            var result = SlotVerifier.Verify(
                job, window, await SlotsAsync(call, job, window), await ExecutionsAsync(call, job, window), received);
            (jobs, slots, executions, redelivered) = (jobs + 1, slots + result.Slots, executions + result.Executions, redelivered + result.Redelivered);
            findings.AddRange(result.Findings);
        }

        call.Print.List(Report(window, findings, jobs, slots, executions, redelivered), "findings", Findings);
        call.Print.Remark($"{slots} slots of {jobs} jobs and {executions} executions from {Rfc3339.Format(from)} to {Rfc3339.Format(to)}: {findings.Count} findings"
            + (received is null ? "" : $", {redelivered} delivered again"));
        if (findings.Count > 0)
        {
            throw new CliFailure(ExitCode.Refused, string.Join(", ", findings.CountBy(f => f.Kind).OrderBy(c => c.Key).Select(c => $"{c.Value} {Word(c.Key)}")));
        }
    }

    private static JsonElement Report(VerificationWindow window, List<Finding> findings, long jobs, long slots, long executions, long redelivered) =>
        JsonText.ToElement(new JsonObject
        {
            ["from"] = Rfc3339.Format(window.From),
            ["to"] = Rfc3339.Format(window.To),
            ["jobs"] = jobs,
            ["slots"] = slots,
            ["executions"] = executions,
            ["redelivered"] = redelivered,
            ["counts"] = new JsonObject(Enum.GetValues<FindingKind>().Select(kind => KeyValuePair.Create<string, JsonNode?>(Word(kind), findings.Count(f => f.Kind == kind)))),
            ["findings"] = new JsonArray([.. findings.OrderBy(f => f.At).Select(f => (JsonNode)new JsonObject
            {
                ["kind"] = Word(f.Kind),
                ["job"] = f.Job,
                ["at"] = Rfc3339.Format(f.At),
                ["execution_id"] = f.ExecutionId,
                ["detail"] = f.Detail,
            })]),
        });

    private static async IAsyncEnumerable<VerifiedJob> JobsAsync(Call call)
    {
        if (call.Of(Jobs) is { Length: > 0 } names)
        {
            foreach (var name in names.Distinct(StringComparer.Ordinal))
            {
                yield return await JobAsync(call, (await call.Api.GetAsync($"/jobs/{Arguments.Segment("--job", name)}", call.Cancellation)).Json);
            }

            yield break;
        }

        await foreach (var row in AllAsync(call, () => new Query("/jobs")))
        {
            yield return await JobAsync(call, (await call.Api.GetAsync($"/jobs/{row.Text("job_id")}", call.Cancellation)).Json);
        }
    }

    private static async Task<VerifiedJob> JobAsync(Call call, JsonElement job)
    {
        var id = job.Text("job_id")!;
        var plans = (await call.Api.GetAsync($"/jobs/{id}/plans", call.Cancellation)).Json;
        var overlap = EnumOf<OverlapPolicy>(job.Text("concurrency") ?? "allow");
        return new VerifiedJob(
            TenantId.Default, new JobId(id), job.Text("name")!,
            new ConcurrencyPolicy(overlap, job.Field("concurrency_limit") is { } limit ? limit.GetInt32() : null, ConcurrencyPolicy.DefaultQueueLimit),
            [.. plans.Items("items").Select(Interval)])
        {
            IsLimited = job.Field("limits") is not null || job.Field("concurrency_key") is not null,
        };
    }

    private static PlanInterval Interval(JsonElement plan) => new(
        Time(plan, "from")!.Value, Time(plan, "to"), EnumOf<PlanPhase>(plan.Text("phase")!), null,
        plan.Field("schedule") is { ValueKind: not JsonValueKind.Null } schedule ? ScheduleJson.Read(schedule, "schedule", new List<Violation>()) : null,
        plan.Text("timezone") ?? "UTC", (int)plan.Number("revision"), 0, new Principal(plan.Text("by") ?? ""));

    private static async Task<List<VerifiedSlot>> SlotsAsync(Call call, VerifiedJob job, VerificationWindow window)
    {
        var found = new List<VerifiedSlot>();
        await foreach (var slot in AllAsync(call, () => new Query($"/jobs/{job.Id.Value}/slots").And("from", window.From).And("to", window.To)))
        {
            var at = Time(slot, "at")!.Value;
            var disposition = slot.Text("disposition");
            found.Add(new VerifiedSlot(Time(slot, "first") ?? at, Time(slot, "last") ?? at, disposition is "fired" or "caught_up", disposition == "queued", slot.Text("execution_id")));
        }

        return found;
    }

    /// <remarks>Also those that were claimed after the window: a slot of it may have waited its turn for long.</remarks>
    private static async Task<List<VerifiedExecution>> ExecutionsAsync(Call call, VerifiedJob job, VerificationWindow window)
    {
        var found = new List<VerifiedExecution>();
        await foreach (var run in AllAsync(call, () => new Query("/executions").And("job", job.Id.Value).And("from", window.From)))
        {
            if (run.Text("status") != "skipped" && Time(run, "scheduled_at") < window.To)
            {
                found.Add(new VerifiedExecution(
                    run.Text("id")!, EnumOf<ExecutionTrigger>(run.Text("trigger")!), Time(run, "scheduled_at")!.Value, EnumOf<ExecutionStatus>(run.Text("status")!),
                    Time(run, "started_at"), Time(run, "finished_at"))
                {
                    ClaimedAt = Time(run, "claimed_at"),
                    LastAttempt = run.TryGetProperty("attempts", out var attempts) && attempts.GetArrayLength() > 0 ? attempts.EnumerateArray().Max(a => a.GetProperty("number").GetInt32()) : null,
                });
            }
        }

        return found;
    }

    private static async IAsyncEnumerable<JsonElement> AllAsync(Call call, Func<Query> path)
    {
        string? cursor = null;
        do
        {
            var page = (await call.Api.GetAsync(path().And("limit", 500).And("cursor", cursor).ToString(), call.Cancellation)).Json;
            foreach (var item in page.Items("items"))
            {
                yield return item;
            }

            cursor = page.Text("next_cursor");
        }
        while (!string.IsNullOrEmpty(cursor));
    }

    private static DateTimeOffset? Time(JsonElement json, string name) => json.Field(name) is { ValueKind: JsonValueKind.String } time ? time.GetDateTimeOffset() : null;

    private static T EnumOf<T>(string word)
        where T : struct, Enum => Enum.Parse<T>(word.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
