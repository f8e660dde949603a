using System.Collections.Immutable;
using System.Text;
using Chronos.Actors.Dispatching;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Kernel;
using Chronos.Tests.Compliance;
using Chronos.Tests.Kit;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Chronos.Tests.Actors.Dispatching;

/// <summary>Client credentials against a token endpoint and a target that are really there.</summary>
public sealed class HttpOAuthTests : IAsyncLifetime
{
    private const string Secret = "client s3cret+/=";

    private readonly ManualTime _time = new();
    private readonly FixedSecrets _secrets = new() { ["client"] = Secret };
    private WebServer _endpoint = null!;
    private WebServer _target = null!;
    private HttpDispatcher _dispatcher = null!;
    private int _fetched;

    /// <summary>What the endpoint answers; by default a token with a number.</summary>
    private Func<HttpContext, int, Task> Grant { get; set; } = (http, n) => http.Response.WriteAsync($$"""{"access_token":"token-{{n}}","token_type":"Bearer","expires_in":100}""");

    /// <summary>Which tokens the target takes.</summary>
    private Func<string, bool> Takes { get; set; } = _ => true;

    public async ValueTask InitializeAsync()
    {
        _endpoint = await WebServer.Start(Listening.Plain, http => Grant(http, Interlocked.Increment(ref _fetched)));
        _target = await WebServer.Start(Listening.Plain, http =>
        {
            http.Response.StatusCode = Takes(http.Request.Headers.Authorization.ToString()) ? 200 : 401;
            return http.Response.WriteAsync($"you sent {http.Request.Headers.Authorization}");
        });
        _dispatcher = new HttpDispatcher(new HttpDispatchOptions { AllowPrivateTargets = true }, _secrets, new CircuitBoard(new CircuitOptions(), _time), _time);
    }

    public async ValueTask DisposeAsync()
    {
        _dispatcher.Dispose();
        await _endpoint.DisposeAsync();
        await _target.DisposeAsync();
    }

    [Fact]
    public async Task A_token_is_fetched_once_for_all_who_need_it_at_the_same_time_and_later()
    {
        var hold = new TaskCompletionSource();
        var grant = Grant;
        Grant = async (http, n) =>
        {
            await hold.Task;
            await grant(http, n);
        };
        var all = Enumerable.Range(0, 50).Select(_ => SendAsync()).ToList();
        await Eventually.True(() => !_endpoint.Requests.IsEmpty, TimeSpan.FromSeconds(20));
        hold.SetResult();

        Assert.All(await Task.WhenAll(all), outcome => Assert.Equal(FailureClass.None, outcome.Failure));
        Assert.Equal(FailureClass.None, (await SendAsync()).Failure);
        Assert.Single(_endpoint.Requests);
        Assert.All(_target.Requests, request => Assert.Equal("Bearer token-1", request.Headers["authorization"]));
    }

    [Fact]
    public async Task The_request_for_a_token_is_the_one_of_the_standard_in_both_ways_of_saying_who_asks()
    {
        await SendAsync(""","scopes":["read","write"],"audience":"https://target" """);
        await SendAsync(""","client_auth":"post" """);

        var (basic, post) = (_endpoint.Requests.First(), _endpoint.Requests.Last());
        Assert.Equal("grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Ftarget", Encoding.UTF8.GetString(basic.Body));
        Assert.Equal("Basic " + Convert.ToBase64String("cron%C3%B6s:client+s3cret%2B%2F%3D"u8), basic.Headers["authorization"]);
        Assert.Equal("grant_type=client_credentials&client_id=cron%C3%B6s&client_secret=client+s3cret%2B%2F%3D", Encoding.UTF8.GetString(post.Body));
        Assert.False(post.Headers.ContainsKey("authorization"));
    }

    [Fact]
    public async Task Other_credentials_other_scopes_and_a_rotated_secret_are_other_tokens()
    {
        await SendAsync();
        await SendAsync(""","scopes":["read"]""");
        _secrets["client"] = "rotated";
        await SendAsync();

        Assert.Equal(["Bearer token-1", "Bearer token-2", "Bearer token-3"], _target.Requests.Select(r => r.Headers["authorization"]));
    }

    [Fact]
    public async Task A_token_is_renewed_before_it_expires()
    {
        await SendAsync();
        _time.Advance(TimeSpan.FromSeconds(89));
        await SendAsync();
        _time.Advance(TimeSpan.FromSeconds(2));
        await SendAsync();

        Assert.Equal(["Bearer token-1", "Bearer token-1", "Bearer token-2"], _target.Requests.Select(r => r.Headers["authorization"]));
    }

    [Fact]
    public async Task While_one_renews_a_token_that_is_still_good_the_others_go_on_with_it()
    {
        await SendAsync();
        _time.Advance(TimeSpan.FromSeconds(95));
        var hold = new TaskCompletionSource();
        Grant = async (http, _) =>
        {
            await hold.Task;
            await http.Response.WriteAsync("""{"access_token":"renewed"}""");
        };
        var renewing = SendAsync();
        await Eventually.True(() => _endpoint.Requests.Count == 2, TimeSpan.FromSeconds(20));
        Assert.Equal(FailureClass.None, (await SendAsync()).Failure);
        Assert.Equal("Bearer token-1", _target.Requests.Last().Headers["authorization"]);
        hold.SetResult();
        await renewing;

        Assert.Equal("Bearer renewed", _target.Requests.Last().Headers["authorization"]);
    }

    [Fact]
    public async Task A_401_of_the_target_renews_an_old_token_once_within_the_attempt()
    {
        await SendAsync();
        Takes = header => header == "Bearer token-2";
        Assert.Equal((FailureClass.None, 200), Of(await SendAsync()));
        Assert.Equal(2, _fetched);

        Takes = _ => false;
        Assert.Equal((FailureClass.ClientError, 401), Of(await SendAsync()));
        Assert.Equal(3, _fetched);
        Assert.Equal(5, _target.Requests.Count);
    }

    [Fact]
    public async Task A_401_for_a_fresh_token_is_final()
    {
        Takes = _ => false;
        Assert.Equal((FailureClass.ClientError, 401), Of(await SendAsync()));
        Assert.Equal((1, 1), (_fetched, _target.Requests.Count));
    }

    [Theory]
    [InlineData(401, """{"error":"invalid_client","error_description":"no client s3cret+/="}""", FailureClass.ClientError, "the token endpoint answered 401: invalid_client")]
    [InlineData(503, "down", FailureClass.ServerError, "the token endpoint answered 503")]
    [InlineData(429, "", FailureClass.TooManyRequests, "the token endpoint answered 429")]
    [InlineData(302, "", FailureClass.ClientError, "the token endpoint answered 302")]
    [InlineData(200, "not json", FailureClass.ServerError, "the token endpoint answered 200, but with no bearer token")]
    [InlineData(200, """{"access_token":"a\r\nb"}""", FailureClass.ServerError, "the token endpoint answered 200, but with no bearer token")]
    [InlineData(200, """{"access_token":"a","token_type":"mac"}""", FailureClass.ServerError, "the token endpoint answered 200, but with no bearer token")]
    public async Task An_endpoint_that_gives_no_token_fails_the_attempt_and_the_target_hears_nothing(int status, string body, FailureClass failure, string error)
    {
        Grant = (http, _) =>
        {
            http.Response.StatusCode = status;
            return http.Response.WriteAsync(body);
        };
        var outcome = await SendAsync();

        Assert.Equal((failure, error), (outcome.Failure, outcome.Error));
        Assert.Empty(_target.Requests);
    }

    [Fact]
    public async Task Those_who_waited_for_a_fetch_that_failed_do_not_try_one_after_another()
    {
        var hold = new TaskCompletionSource();
        Grant = async (http, _) =>
        {
            await hold.Task;
            http.Response.StatusCode = 400;
        };
        var all = Enumerable.Range(0, 20).Select(_ => SendAsync()).ToList();
        await Eventually.True(() => !_endpoint.Requests.IsEmpty, TimeSpan.FromSeconds(20));
        hold.SetResult();

        Assert.All(await Task.WhenAll(all), outcome => Assert.Equal(FailureClass.ClientError, outcome.Failure));
        Assert.Single(_endpoint.Requests);
        _time.Advance(TimeSpan.FromSeconds(2));
        await SendAsync();
        Assert.Equal(2, _endpoint.Requests.Count);
    }

    [Fact]
    public async Task Neither_the_secret_nor_the_token_comes_back_out()
    {
        Grant = (http, _) => http.Response.WriteAsync("""{"access_token":"very-secret-token"}""");

        Assert.Equal("you sent Bearer ***", (await SendAsync()).Excerpt);
    }

    [Fact]
    public async Task The_token_endpoint_is_guarded_as_a_target_is()
    {
        using var strict = new HttpDispatcher(new HttpDispatchOptions(), _secrets, new CircuitBoard(new CircuitOptions(), _time), _time);
        var outcome = await strict.DispatchAsync(Attempt(Section(_endpoint.Url, "http://192.0.2.1")), CancellationToken.None);
        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.Contains("private", outcome.Error, StringComparison.Ordinal);

        outcome = await _dispatcher.DispatchAsync(Attempt(Section("http://169.254.169.254/token", _target.Url)), CancellationToken.None);
        Assert.Equal(FailureClass.Request, outcome.Failure);
        Assert.Contains("never a target", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_endpoint.Requests);
    }

    [Fact]
    public async Task An_endpoint_that_is_down_opens_its_own_circuit_and_not_the_one_of_the_target()
    {
        var board = new CircuitBoard(new CircuitOptions { MinimumThroughput = 2 }, _time);
        using var dispatcher = new HttpDispatcher(new HttpDispatchOptions { AllowPrivateTargets = true }, _secrets, board, _time);
        Grant = (http, _) =>
        {
            http.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        for (var n = 0; n < 3; n++)
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            await dispatcher.DispatchAsync(Attempt(Section(_endpoint.Url, _target.Url)), CancellationToken.None);
        }

        Assert.Equal([_endpoint.Url], board.States().Where(state => state.Value == CircuitStatus.Open).Select(state => state.Key));
    }

    private static (FailureClass, int?) Of(AttemptOutcome outcome) => (outcome.Failure, outcome.StatusCode);

    private static string Section(string endpoint, string target, string more = "") =>
        $$"""{"url":"{{target}}","auth":{"type":"oauth2","token_url":"{{endpoint}}","client_id":"cronös","client_secret":{"secret":"client"}{{more}} } }""";

    private static AttemptRequest Attempt(string section)
    {
        var job = JobId.For(TenantId.Default, "oauth");
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        return new AttemptRequest(
            TenantId.Default, job, "oauth", 1, ExecutionId.ForSlot(job, at), 1, at, new DispatchTarget(Protocol.Http, section), "{}", TimeSpan.FromSeconds(20), [],
            ImmutableSortedDictionary<string, string>.Empty, "0af7651916cd43dd8448eb211c80319c");
    }

    private Task<AttemptOutcome> SendAsync(string more = "") => _dispatcher.DispatchAsync(Attempt(Section(_endpoint.Url, _target.Url, more)), TestContext.Current.CancellationToken);
}
