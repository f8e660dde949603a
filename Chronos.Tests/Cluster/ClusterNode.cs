using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using Chronos.Actors.Journal;
using Chronos.Actors.Kernel;
using Chronos.Actors.Kernel.Bootstrap;
using Chronos.Actors.Kernel.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ClusterSettings = Chronos.Actors.Kernel.ClusterSettings;

namespace Chronos.Tests.Cluster;

/// <summary>The cluster side of a node in this process: the production hosting, without jobs.</summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    private readonly IHost _host;

    private readonly ConcurrentQueue<string> _warnings;

    private ClusterNode(IHost host, ConcurrentQueue<string> warnings) => (_host, _warnings) = (host, warnings);

    public ActorSystem System => _host.Services.GetRequiredService<ActorSystem>();

    public Akka.Cluster.Cluster Cluster => Akka.Cluster.Cluster.Get(System);

    public Address Address => Cluster.SelfAddress;

    public string HostPort => $"{Address.Host}:{Address.Port}";

    public bool IsUp => Cluster.SelfMember.Status == MemberStatus.Up;

    public int Members => Cluster.State.Members.Count(m => m.Status == MemberStatus.Up);

    public static async Task<ClusterNode> Start(string host, int port, string[] seeds, TlsSetup? tls, BootstrapSettings? bootstrap)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        var warnings = new ConcurrentQueue<string>();
        builder.Services.AddAkka(ClusterSettings.SystemName, akka => akka
            .WithChronosHocon()
            .AddHocon("akka.stdout-loglevel = OFF\nakka.cluster.run-coordinated-shutdown-when-down = off", HoconAddMode.Prepend)
            .ConfigureLoggers(loggers => loggers.ClearLoggers())
            .WithChronosCluster(new ClusterSettings(host, port, [.. seeds], NodeRoles.All, ClusterProfile.Lan) { Tls = tls, Bootstrap = bootstrap })
            .WithActors((system, _) =>
            {
                var ear = system.ActorOf(Props.Create(() => new Ear(warnings)));
                system.EventStream.Subscribe(ear, typeof(Akka.Event.Warning));
                system.EventStream.Subscribe(ear, typeof(Akka.Event.Error));
            }));
        var node = new ClusterNode(builder.Build(), warnings);
        await node._host.StartAsync();
        return node;
    }

    public bool Said(string text) => _warnings.Any(w => w.Contains(text, StringComparison.Ordinal));

    public string Everything => string.Join('\n', _warnings);

    /// <summary>As a killed process: nobody is told.</summary>
    public Task Vanish() => System.Terminate();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private sealed class Ear : UntypedActor
    {
        private readonly ConcurrentQueue<string> _heard;

        public Ear(ConcurrentQueue<string> heard) => _heard = heard;

        protected override void OnReceive(object message) => _heard.Enqueue(message.ToString()!);
    }
}
