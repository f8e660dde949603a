using Chronos.Core.Dispatching;
using Chronos.Core.Governance.Access;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;
using Chronos.Host.Executions;
using Chronos.Host.Http;

namespace Chronos.Host.Jobs;

/// <summary>What a job does: run now, pause, resume, on, off.</summary>
internal static class JobStateEndpoints
{
    private const int MaxReason = 1000;

    public static RouteGroupBuilder MapJobStates(this RouteGroupBuilder api)
    {
        api.MapPost("/jobs/{id}/trigger", Trigger).WithName("trigger_job").WithSummary("Run a job now").TakesKey().Needs(Scopes.ExecutionsWrite)
            .TakesOptional<TriggerBody>().Produces<ExecutionBody>(202).Refuses(400, 404, 409, 415);
        api.MapPost("/jobs/{id}/pause", Pause).WithName("pause_job").WithSummary("Keep a job from firing; its slots are recorded as paused").TakesKey().Needs(Scopes.JobsWrite)
            .TakesOptional<PauseBody>().Produces<JobView>().Refuses(400, 404, 409, 412, 415);
        api.MapPost("/jobs/{id}/resume", Resume).WithName("resume_job").WithSummary("Let a job fire again, and say what becomes of the slots it missed").TakesKey().Needs(Scopes.JobsWrite)
            .TakesOptional<ResumeBody>().Produces<JobView>().Refuses(400, 404, 409, 412, 415);
        api.MapPost("/jobs/{id}/enable", (HttpContext http, string id, JobRequests jobs, CancellationToken cancellation) => Switch(http, id, jobs, true, cancellation))
            .WithName("enable_job").WithSummary("Switch a job on").TakesKey().Needs(Scopes.JobsWrite).Produces<JobView>().Refuses(400, 404, 409, 412);
        api.MapPost("/jobs/{id}/disable", (HttpContext http, string id, JobRequests jobs, CancellationToken cancellation) => Switch(http, id, jobs, false, cancellation))
            .WithName("disable_job").WithSummary("Switch a job off").TakesKey().Needs(Scopes.JobsWrite).Produces<JobView>().Refuses(400, 404, 409, 412);
        return api;
    }

    private static async Task<IResult> Trigger(HttpContext http, string id, JobRequests jobs, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        var payload = ask.Fields?.Any("payload");
        var force = ask.Fields?.Flag("force") == true;
        var text = payload is { } value ? JobDocumentText.Compact(value) : null;
        if (text?.Length > JobDocumentLimits.MaxPayloadBytes)
        {
            ask.Fault("payload", $"is larger than {JobDocumentLimits.MaxPayloadBytes / 1024} KB");
        }
        else if (payload is { } given)
        {
            ProtocolSections.CheckPayload(given, "payload", ask.Violations);
        }

        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        if (JobRequests.Resolve(http, id) is not { } job)
        {
            return JobRequests.NoSuchJob(id);
        }

        return await jobs.Start(
            http,
            new JobCommands.Trigger(http.Tenant(), job, text, force ? TriggerForce.Override : TriggerForce.Respect, ExecutionTrigger.Manual, null, http.Principal(), ask.Request),
            id, cancellation);
    }

    private static async Task<IResult> Pause(HttpContext http, string id, JobRequests jobs, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        var reason = ask.Fields?.Text("reason", MaxReason);
        var until = ask.Fields?.Instant("until");
        return ask.Problem() ?? await Change(http, id, jobs, (job, ifMatch) =>
            new JobCommands.Pause(http.Tenant(), job, reason, until, http.Principal(), ask.Request, ifMatch), cancellation);
    }

    private static async Task<IResult> Resume(HttpContext http, string id, JobRequests jobs, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        var given = ask.Fields?.Text("catch_up", 16);
        MisfireRule? rule = given is null ? null : JobDocumentWords.FindMisfireRule(given);
        if (given is not null && rule is null)
        {
            ask.Fault("catch_up", $"'{given}' is not one of none, last, all");
        }

        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        // Without a word the job's own misfire policy says what is caught up.
        if (rule is null)
        {
            // Repeated, the word does not count: nothing is resumed again, and the answer to it below says what was missed.
            JobSnapshot? before = null;
            var (job, answer) = await jobs.Find(http, id, ask.Request, accepted => { before = accepted.Job; return Task.FromResult(Results.Empty); }, cancellation);
            if ((job ?? before) is not { } found)
            {
                return answer!;
            }

            rule = found.Definition.Misfire.Rule;
        }

        return await Change(http, id, jobs, (job, ifMatch) =>
            new JobCommands.Resume(http.Tenant(), job, rule.Value, http.Principal(), ask.Request, ifMatch), cancellation);
    }

    private static async Task<IResult> Switch(HttpContext http, string id, JobRequests jobs, bool enabled, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        return ask.Problem() ?? await Change(http, id, jobs, (job, ifMatch) =>
            new JobCommands.Switch(http.Tenant(), job, enabled, http.Principal(), ask.Request, ifMatch), cancellation);
    }

    /// <summary>Carries out a change of a job under the caller's <c>If-Match</c>.</summary>
    internal static async Task<IResult> Change(HttpContext http, string id, JobRequests jobs, Func<JobId, long?, IJobChange> make, CancellationToken cancellation)
    {
        if (JobRequests.Resolve(http, id) is not { } job)
        {
            return JobRequests.NoSuchJob(id);
        }

        long? current = null;
        if (Conditions.IsList(http))
        {
            var (found, refusal) = await jobs.Find(http, id, cancellation);
            if (found is null)
            {
                return refusal!;
            }

            current = found.Version;
        }

        return await jobs.Change(http, make(job, Conditions.IfMatch(http, current)), cancellation);
    }
}
