using System.Collections.Immutable;
using Akka.Actor;
using Chronos.Core.Governance.Access;
using Chronos.Host.Hosting;
using Chronos.Host.Http;
using Serilog.Events;

namespace Chronos.Host.Admin;

/// <summary>The level that a node logs at.</summary>
/// <param name="Note">What is not changed by it at once.</param>
internal sealed record LogLevelView(string Node, string Level, string? Note);

/// <summary>The level that is wished.</summary>
internal sealed record LogLevelBody(string Level);

/// <summary>A line of the log.</summary>
/// <param name="Number">Counts the lines of this node since its start.</param>
internal sealed record LogLineView(long Number, DateTimeOffset At, string Level, string? Source, string Message, string? Exception);

/// <summary>The last lines of the log.</summary>
internal sealed record LogListView(ImmutableArray<LogLineView> Items);

/// <summary>A look into one node, for its administrators: actors, log.</summary>
internal static class AdminEndpoints
{
    private const string DebugNote = "actors that run already keep saying what they said: those that start from now on, and everything else, follow the new level at once";

    private static readonly QueryParameter Path = new("path", "string", "Where to begin, such as /user/bootstrap; / if absent");
    private static readonly QueryParameter Depth = new("depth", "integer", "How far below it, 0 to 20; 3 if absent");
    private static readonly QueryParameter Most = new("limit", "integer", "How many at most, 1 to 1000; 200 if absent");
    private static readonly QueryParameter Level = new("level", "string", "Of at least this level");
    private static readonly QueryParameter After = new("after", "integer", "Beyond the line of this number");

    public static RouteGroupBuilder MapAdmin(this RouteGroupBuilder api)
    {
        api.MapGet("/admin/actors", Actors).WithName("list_actors").WithSummary("The actors of this node, each before its children").Needs(Scopes.Admin)
            .Takes(Path, Depth, Most).Produces<ActorTreeView>().Refuses(400, 404);
        api.MapGet("/admin/log", Lines).WithName("peek_log").WithSummary("The last lines that this node logged, oldest first").Needs(Scopes.Admin)
            .Takes(Level, After, Most).Produces<LogListView>().Refuses(400);
        api.MapGet("/admin/log/level", (LogTap tap, ChronosSettings settings) => Answer(settings, tap, null))
            .WithName("get_log_level").WithSummary("What this node logs").Needs(Scopes.Admin).Produces<LogLevelView>().Refuses();
        api.MapPut("/admin/log/level", SetLevel).WithName("set_log_level").WithSummary("Changes what this node logs, until it is started again").Needs(Scopes.Admin)
            .Accepts<LogLevelBody>("application/json").Produces<LogLevelView>().Refuses(400);
        return api;
    }

    private static IResult Actors(HttpContext http, ActorSystem system)
    {
        var query = new Query(http);
        var (path, depth, most) = (query.Text("path") ?? "/", query.Whole("depth", 3, 0, 20), query.Whole("limit", 200, 1, 1000));
        return query.Problem() is { } problem ? problem
            : ActorTree.Read((ExtendedActorSystem)system, path, depth, most) is { } tree ? Results.Json(tree, ApiJson.Api.ActorTreeView)
            : ProblemResult.NotFound($"there is no actor {(path.Length <= 200 ? path : path[..200])} on this node");
    }

    private static IResult Lines(HttpContext http, LogTap tap)
    {
        var query = new Query(http);
        var (text, after, most) = (query.Text("level"), query.Whole("after", 0, 0, int.MaxValue), query.Whole("limit", 200, 1, 1000));
        var least = LogEventLevel.Verbose;
        if (text is not null && !TryLevel(text, out least))
        {
            query.Fault("level", LevelWords);
        }

        return query.Problem() is { } problem ? problem : Results.Json(new LogListView([.. tap.Peek(least, after, most).Select(e => View(e.Number, e.Event))]), ApiJson.Api.LogListView);
    }

    private static async Task<IResult> SetLevel(HttpContext http, LogTap tap, ActorSystem system, ChronosSettings settings, ILogger<LogTap> log, CancellationToken cancellation)
    {
        var ask = await Asked.Read(http, cancellation);
        if (!TryLevel(ask.Fields?.Text("level", 20) ?? "", out var level))
        {
            ask.Fault("level", LevelWords);
        }

        if (ask.Problem() is { } problem)
        {
            return problem;
        }

        var before = tap.Switch.MinimumLevel;
        tap.Set(level, system);
        log.LogWarning("{Who} changed the level of the log from {Before} to {After}", http.Principal().ToString(), Word(before), Word(level));
        return Answer(settings, tap, level <= LogEventLevel.Debug && before > level ? DebugNote : null);
    }

    private static IResult Answer(ChronosSettings settings, LogTap tap, string? note) =>
        Results.Json(new LogLevelView(settings.NodeName, Word(tap.Switch.MinimumLevel), note), ApiJson.Api.LogLevelView);

    private static LogLineView View(long number, LogEvent line) => new(
        number, line.Timestamp, Word(line.Level), line.Properties.TryGetValue("SourceContext", out var source) && source is ScalarValue { Value: string text } ? text : null,
        line.RenderMessage(System.Globalization.CultureInfo.InvariantCulture), line.Exception?.ToString());

    private const string LevelWords = "must be verbose, debug, information, warning or error";

    private static bool TryLevel(string text, out LogEventLevel level) =>
        Enum.TryParse(text.Equals("info", StringComparison.OrdinalIgnoreCase) ? "Information" : text, ignoreCase: true, out level) && Enum.IsDefined(level)
        && level != LogEventLevel.Fatal && !char.IsAsciiDigit(text[0]);

    private static string Word(LogEventLevel level) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(level.ToString());
}
