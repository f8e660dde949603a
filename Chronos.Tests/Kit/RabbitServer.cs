using System.Diagnostics;
using System.Text.Json;
using RabbitMQ.Client;

namespace Chronos.Tests.Kit;

/// <summary>A real RabbitMQ in a temporary folder, with an epmd of its own; can be killed and started again with what it had stored.</summary>
internal sealed class RabbitServer : IAsyncDisposable
{
    public const string User = "chronos";
    public const string Password = "s3cret-of-the-tests";
    public const int LargestMessage = 1024 * 1024;

    private readonly string _program;
    private readonly string _epmd;
    private readonly string _folder = BrokerProgram.NewFolder("chronos-rabbit-");
    private readonly int _first = TestPort.FreeInRow(4);
    private Process? _process;
    private Process? _names;

    private RabbitServer()
    {
        _program = BrokerProgram.Require("rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server");
        _epmd = BrokerProgram.Require("epmd", "/usr/bin/epmd");
        Certificates = TestCertificates.Write(_folder);
        File.WriteAllText(Path.Combine(_folder, "rabbitmq.conf"), $"""
            listeners.tcp.1 = 127.0.0.1:{Port}
            listeners.ssl.1 = 127.0.0.1:{TlsPort}
            ssl_options.cacertfile = {_folder}/ca.pem
            ssl_options.certfile = {_folder}/server.pem
            ssl_options.keyfile = {_folder}/server.key
            ssl_options.verify = verify_none
            load_definitions = {_folder}/definitions.json
            loopback_users = none
            max_message_size = {LargestMessage}
            log.console = true
            log.console.level = warning
            """);
        File.WriteAllText(Path.Combine(_folder, "enabled_plugins"), "[].");
        object Permission(string user, string write) => new { user, vhost = "/", configure = ".*", write, read = ".*" };
        File.WriteAllText(Path.Combine(_folder, "definitions.json"), JsonSerializer.Serialize(new
        {
            users = new[] { (User, Password), ("me", TestSecret.Value), ("reader", TestSecret.Value) }.Select(one => new { name = one.Item1, password = one.Item2, tags = "" }),
            vhosts = new[] { new { name = "/" } },
            permissions = new[] { Permission(User, ".*"), Permission("me", ".*"), Permission("reader", "^$") },
        }));
    }

    public int Port => _first;

    public int TlsPort => _first + 1;

    public TestCertificates Certificates { get; }

    public static async Task<RabbitServer> StartAsync()
    {
        var server = new RabbitServer();
        server._names = await BrokerProgram.StartAsync(
            server._epmd, ["-port", $"{server._first + 3}", "-address", "127.0.0.1"], new Dictionary<string, string>(), Path.Combine(server._folder, "epmd"), server._first + 3);
        await server.StartAgainAsync();
        return server;
    }

    public async Task StartAgainAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "home"));
        var environment = new Dictionary<string, string>
        {
            ["HOME"] = Path.Combine(_folder, "home"),
            ["RABBITMQ_NODENAME"] = "chronos@localhost",
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(_folder, "rabbitmq"),
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(_folder, "mnesia"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(_folder, "log"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(_folder, "enabled_plugins"),
            ["RABBITMQ_PID_FILE"] = Path.Combine(_folder, "pid"),
            ["RABBITMQ_DIST_PORT"] = $"{_first + 2}",
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["ERL_EPMD_PORT"] = $"{_first + 3}",
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
            ["RABBITMQ_SERVER_START_ARGS"] = "",
        };
        _process = await BrokerProgram.StartAsync(_program, [], environment, Path.Combine(_folder, "output"), Port);
    }

    public async Task KillAsync()
    {
        await BrokerProgram.KillAsync(_process);
        _process = null;
    }

    /// <summary>
    /// Declares a quorum queue that outlives <c>kill -9</c>. RabbitMQ writes the name of a new one to disk only every few minutes, or
    /// when it stops in order: one that is killed before has a queue that never confirms again.
    /// </summary>
    public async Task DeclareQuorumQueueAsync(string name)
    {
        await using (var client = await ConnectAsync())
        {
            var channel = await client.CreateChannelAsync();
            await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        }

        using (var term = Process.Start("kill", ["-TERM", File.ReadAllText(Path.Combine(_folder, "pid")).Trim()]))
        {
            await term.WaitForExitAsync();
        }

        await _process!.WaitForExitAsync();
        _process.Dispose();
        await StartAgainAsync();
    }

    /// <summary>A connection of the test itself.</summary>
    public Task<IConnection> ConnectAsync() =>
        new ConnectionFactory { HostName = "127.0.0.1", Port = Port, UserName = User, Password = Password, AutomaticRecoveryEnabled = false }.CreateConnectionAsync();

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await BrokerProgram.KillAsync(_names);
        Directory.Delete(_folder, recursive: true);
    }
}
