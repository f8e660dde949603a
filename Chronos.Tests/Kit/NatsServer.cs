using System.Diagnostics;

namespace Chronos.Tests.Kit;

/// <summary>A real nats-server with JetStream in a temporary folder; can be killed and started again with what it had stored.</summary>
internal sealed class NatsServer : IAsyncDisposable
{
    private readonly string _program;
    private readonly string _folder = BrokerProgram.NewFolder("chronos-nats-");
    private Process? _process;

    private NatsServer(string program, string settings, bool tls, bool verify)
    {
        (_program, Port) = (program, TestPort.Free());
        File.WriteAllText(Path.Combine(_folder, "nats.conf"), $$"""
            listen: 127.0.0.1:{{Port}}
            max_payload: 1048576
            {{(settings.Contains("resolver", StringComparison.Ordinal) ? "#" : "")}} jetstream { store_dir: "{{_folder}}/js", max_mem: 64M, max_file: 1G }
            {{settings}}
            """);
        if (tls)
        {
            Certificates = TestCertificates.Write(_folder);
            File.AppendAllText(Path.Combine(_folder, "nats.conf"), $$"""

                tls { cert_file: "{{_folder}}/server.pem", key_file: "{{_folder}}/server.key", ca_file: "{{_folder}}/ca.pem", verify: {{(verify ? "true" : "false")}} }
                """);
        }
    }

    public int Port { get; }

    public string Url => $"nats://127.0.0.1:{Port}";

    public TestCertificates? Certificates { get; }

    /// <summary>Lines of its log.</summary>
    public string Output => File.ReadAllText(Path.Combine(_folder, "output"));

    /// <param name="settings">Lines of its configuration, such as <c>authorization { … }</c>.</param>
    public static Task<NatsServer> StartAsync(string settings) => StartAsync(settings, tls: false, verify: false);

    public static Task<NatsServer> StartTlsAsync(string settings) => StartTlsAsync(settings, verify: false);

    /// <param name="verify">Whether it asks clients for a certificate.</param>
    public static Task<NatsServer> StartTlsAsync(string settings, bool verify) => StartAsync(settings, tls: true, verify);

    public async Task StartAgainAsync() =>
        _process = await BrokerProgram.StartAsync(_program, ["-c", Path.Combine(_folder, "nats.conf")], new Dictionary<string, string>(), Path.Combine(_folder, "output"), Port);

    public async Task KillAsync()
    {
        await BrokerProgram.KillAsync(_process);
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<NatsServer> StartAsync(string settings, bool tls, bool verify)
    {
        var server = new NatsServer(BrokerProgram.Require("nats-server", "/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"), settings, tls, verify);
        await server.StartAgainAsync();
        return server;
    }
}
