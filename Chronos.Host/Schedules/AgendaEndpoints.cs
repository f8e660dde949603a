using System.Collections.Immutable;
using Akka.Actor;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;
using Chronos.Core.Scheduling;
using Chronos.Host.Http;

namespace Chronos.Host.Schedules;

/// <summary>One coming execution. <c>at</c> is its nominal time, <c>fires_at</c> when it will fire.</summary>
internal sealed record AgendaItemView(DateTimeOffset FiresAt, DateTimeOffset At, string JobId, string JobName, string? Note);

/// <summary>A minute in which more than one execution will begin: all of them, also where the limit cut the rows of that minute.</summary>
internal sealed record CollisionView(DateTimeOffset Minute, int Count);

/// <summary>What will fire in a window. Streamed: the first items are there before the last are computed.</summary>
/// <param name="Count">How many items there are.</param>
/// <param name="More">True when the limit cut the list. Collisions are told up to the minute in which it did.</param>
internal sealed record AgendaView(DateTimeOffset From, DateTimeOffset To, ImmutableArray<AgendaItemView> Items, ImmutableArray<CollisionView> Collisions, long Count, bool More);

/// <summary>The agenda: what will fire over all jobs, in time order, computed by the schedules that fire, without running anything.</summary>
internal static class AgendaEndpoints
{
    private const int MaxLimit = 5_000_000;
    private static readonly TimeSpan MaxWindow = TimeSpan.FromDays(31);
    private static readonly TimeSpan DefaultWindow = TimeSpan.FromDays(1);

    public static RouteGroupBuilder MapAgenda(this RouteGroupBuilder api)
    {
        api.MapGet("/agenda", Agenda).WithName("get_agenda")
            .WithSummary("What will fire in a window over all jobs, in time order, with collisions per minute; one row a line with Accept: application/x-ndjson").Needs(Scopes.JobsRead)
            .Takes(
                new("from", "string/date-time", "At or after this instant; now if absent"), new("to", "string/date-time", "Before this instant, at most 31 days later; a day later if absent"),
                new("limit", "integer", $"At most so many rows, 1 to {MaxLimit}; all if absent"))
            .Produces<AgendaView>().Refuses(400);
        return api;
    }

    private static async Task<IResult> Agenda(HttpContext http, AgendaRequests agenda, TimeProvider time, CancellationToken cancellation)
    {
        var query = new Query(http);
        var from = query.Instant("from") ?? time.GetUtcNow();
        if (from >= Schedule.Latest)
        {
            query.Fault("from", $"must be before {Rfc3339.Format(Schedule.Latest)}: no schedule goes further");
        }

        var to = query.Instant("to") ?? (from < Schedule.Latest ? from + DefaultWindow : from);
        var limit = query.Whole("limit", MaxLimit, 1, MaxLimit);
        if (query.Violations.Count == 0 && to <= from)
        {
            query.Fault("to", "must be after from");
        }
        else if (query.Violations.Count == 0 && to - from > MaxWindow)
        {
            query.Fault("to", "is more than 31 days after from");
        }

        if (query.Problem() is { } problem)
        {
            return problem;
        }

        // The first row is awaited before the answer begins, so that what cannot be computed is an error and not a broken answer.
        var rows = agenda.Read(http.Tenant(), from, to, cancellation).GetAsyncEnumerator(cancellation);
        try
        {
            var first = await rows.MoveNextAsync();
            return new AgendaResult(rows, first, from, to, limit, http.Request.Headers.Accept.ToString().Contains("ndjson", StringComparison.OrdinalIgnoreCase));
        }
        catch (Exception e) when (e is AskTimeoutException or TimeoutException)
        {
            await rows.DisposeAsync();
            return ProblemResult.Of(Rejection.Of(RejectionCode.Unavailable, "not every timetable answered in time"));
        }
    }
}
