using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Chronos.Actors.Journal;
using Chronos.Host.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Serilog.Events;

namespace Chronos.Tests.Kit;

/// <summary>A whole node as <c>dev</c> starts it, in this process, on a port that the system chose and a folder of its own.</summary>
public sealed class HostFixture : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("chronos-host-").FullName;
    private WebApplication? _app;

    /// <summary>A client with the administrator's key.</summary>
    public HttpClient Client { get; private set; } = null!;

    public string Address { get; private set; } = "";

    public string Folder => _folder;

    public string Key => File.ReadAllText(Path.Combine(_folder, "admin.key")).Trim();

    public static async Task<HostFixture> Start(TimeProvider? time = null)
    {
        var fixture = new HostFixture();
        await fixture.StartAgain(time);
        return fixture;
    }

    /// <param name="time">The node's clock; the system's when absent.</param>
    public async Task StartAgain(TimeProvider? time = null)
    {
        _app = ChronosApplication.Build(new ChronosSettings
        {
            Mode = HostMode.Dev,
            HttpUrl = new Uri("http://127.0.0.1:0"),
            Data = _folder,
            Durability = Durability.Relaxed,
            NodeName = "test",
            LogLevel = LogEventLevel.Error,
            AllowPrivateTargets = true,
        }, time);
        await _app.StartAsync();
        Address = _app.Urls.First();
        Client = Connect(Key);
    }

    public async Task Stop()
    {
        Client.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
            _app = null;
        }
    }

    public HttpClient Connect(string? key)
    {
        var client = new HttpClient { BaseAddress = new Uri(Address), Timeout = Patience };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Add("X-API-Key", key);
        }

        return client;
    }

    public Task<Answer> Get(string path) => Send(HttpMethod.Get, path, null);

    public Task<Answer> Post(string path, string? json) => Send(HttpMethod.Post, path, json);

    public Task<Answer> Send(HttpMethod method, string path, string? body, params (string Name, string Value)[] headers) =>
        Send(method, path, body is null ? null : Encoding.UTF8.GetBytes(body), "application/json", headers);

    public async Task<Answer> Send(HttpMethod method, string path, byte[]? body, string type, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Client.SendAsync(request);
        return new Answer(
            response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType?.MediaType,
            response.Headers.ETag?.ToString(), response.Headers.Location?.ToString());
    }

    /// <summary>Asks again until the answer is as wished.</summary>
    public async Task<Answer> Until(string path, Func<Answer, bool> wished)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var answer = await Get(path);
            if (wished(answer))
            {
                return answer;
            }

            if (patience.IsCancellationRequested)
            {
                throw new TimeoutException($"{path} is still {answer.Body}");
            }

            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>What a node answered.</summary>
public sealed record Answer(HttpStatusCode Status, string Body, string? Type, string? ETag, string? Location)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string? Text(string name) => Json.TryGetProperty(name, out var value) ? value.ToString() : null;

    /// <summary>The fields that a problem names.</summary>
    public string[] Fields => Json.TryGetProperty("errors", out var errors) ? [.. errors.EnumerateArray().Select(e => e.GetProperty("field").GetString()!)] : [];
}
