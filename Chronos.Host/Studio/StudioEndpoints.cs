using Chronos.Actors.Studio;
using Chronos.Core.Contracts;
using Chronos.Core.Governance.Access;
using Chronos.Core.Kernel;
using Chronos.Core.Studio;
using Chronos.Host.Http;

namespace Chronos.Host.Studio;

/// <summary>The studio: try a request without a job, look at what happened, and take the job document with you.</summary>
internal static partial class StudioEndpoints
{
    public static RouteGroupBuilder MapStudio(this RouteGroupBuilder api)
    {
        // Who may make a job and run it may send what they like; nobody else may.
        api.MapPost("/studio/test", Test).WithName("test_request").WithSummary("Send one request of any protocol without a job, and see what happened on the wire")
            .Needs(Scopes.JobsWrite | Scopes.ExecutionsWrite).Accepts<StudioBody>("application/json", "application/yaml").Produces<StudioExchange>().Refuses(400, 413, 415, 429);
        api.MapPost("/studio/import", Import).WithName("import_request").WithSummary("A job document made of a curl line").Needs(Scopes.JobsRead)
            .Accepts<ImportBody>("application/json").Produces<ImportView>().Refuses(400, 413, 415);
        api.MapGet("/studio/exchanges", List).WithName("list_exchanges").WithSummary("What the caller tried last on this node, newest first").Needs(Scopes.ExecutionsRead)
            .Takes(QueryParameters.Limit, QueryParameters.Cursor).Produces<ExchangeListView>().Refuses(400);
        api.MapGet("/studio/exchanges/{id}", Get).WithName("get_exchange").WithSummary("One exchange of the caller, on the node that made it").Needs(Scopes.ExecutionsRead)
            .Produces<StudioExchange>().Refuses(404);
        return api;
    }

    private static async Task<IResult> Test(HttpContext http, StudioTester studio, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var query = new Query(http);
        var body = await RequestBody.ReadObject(http, EmptyBody.Refused, cancellation);
        if (body.Fault is { } fault)
        {
            return ProblemResult.Of(fault);
        }

        if (http.Request.Headers.ContainsKey("Idempotency-Key"))
        {
            query.Fault("Idempotency-Key", "is not supported here: each test sends");
        }

        var request = StudioDocument.Read(body.Json, query.Violations);
        if (query.Problem() is { } problem)
        {
            return problem;
        }

        http.Response.Headers.CacheControl = "no-store";
        if (await studio.TestAsync(http.Tenant(), UserOf(http), http.Principal(), request!, cancellation) is not { } exchange)
        {
            return ProblemResult.Of(Rejection.Of(RejectionCode.RateLimited, $"{StudioTester.MostAtOnce} tests are on their way on this node; wait for one of them"));
        }

        LogTried(loggers.CreateLogger(typeof(StudioEndpoints)), exchange.By, http.Tenant().Value, exchange.Id, exchange.Failure);
        return Results.Json(exchange, ApiJson.Api.StudioExchange);
    }

    private static async Task<IResult> Import(HttpContext http, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        var line = ask.Fields?.Text("curl", CurlImport.LongestLine);
        if (line is null && ask.Fields is not null && ask.Violations.Count == 0)
        {
            ask.Fault("curl", "is missing");
        }

        var made = line is null ? null : CurlImport.Read(line, ask.Violations);
        return ask.Problem() ?? Results.Json(new ImportView(made!.Document, made.Secrets, made.Notes), ApiJson.Api.ImportView);
    }

    private static IResult List(HttpContext http, StudioExchanges exchanges)
    {
        var query = new Query(http);
        var limit = query.Limit();
        var cursor = query.Text("cursor");
        var all = exchanges.Of(UserOf(http));
        var rest = cursor is null ? all : [.. all.SkipWhile(exchange => exchange.Id != cursor).Skip(1)];
        if (cursor is not null && all.All(exchange => exchange.Id != cursor))
        {
            query.Fault("cursor", "is not one that this list gave, or what it stood for has gone");
        }

        return query.Problem() ?? Results.Json(
            new ExchangeListView([.. rest.Take(limit).Select(ExchangeRow.Of)], rest.Length > limit ? rest[limit - 1].Id : null), ApiJson.Api.ExchangeListView);
    }

    private static IResult Get(HttpContext http, string id, StudioExchanges exchanges)
    {
        if (new Query(http).Problem() is { } problem)
        {
            return problem;
        }

        return exchanges.Find(UserOf(http), id) is { } exchange
            ? Results.Json(exchange, ApiJson.Api.StudioExchange)
            : ProblemResult.NotFound("this node has no such exchange of yours: each node keeps the last hundred of a user in memory");
    }

    /// <summary>The key and not its name: two keys may be called alike.</summary>
    private static string UserOf(HttpContext http) => $"{http.Tenant()}/{http.Grant().Id}";

    /// <summary>There is no execution that would tell who sent what.</summary>
    [LoggerMessage(Level = LogLevel.Information, Message = "{Principal} of {Tenant} sent a request from the studio, {Exchange}: {Failure}")]
    private static partial void LogTried(ILogger logger, string principal, string tenant, string exchange, string failure);
}
