using System.Collections.Concurrent;
using System.Diagnostics;
using Chronos.Benchmarks.Kit;
using Chronos.Tests.Protos;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chronos.Benchmarks.Protocols;

/// <summary>A gRPC server with reflection on Kestrel, HTTP/2 without TLS.</summary>
internal sealed class GrpcBenchServer : BenchServer
{
    private readonly Process _process = ChildProcess.Start(ChildProcess.GrpcMode);
    private readonly string _url;

    public GrpcBenchServer() => _url = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the gRPC server did not start");

    public override string Address => _url;

    public override string Section(string place) => $$"""{"target":"{{_url}}","method":"chronos.tests.Courier/Take"}""";

    public override async Task<IReadOnlyList<string>> Stored(string place)
    {
        using var channel = GrpcChannel.ForAddress(_url, new GrpcChannelOptions { MaxReceiveMessageSize = null });
        var all = await new Courier.CourierClient(channel).DeliverAsync(new Parcel());
        return all.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public override async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>The other side: runs until its standard input ends.</summary>
    public static async Task Run()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddGrpcReflection();
        await using var app = builder.Build();
        app.MapGrpcService<Service>();
        app.MapGrpcReflectionService();
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
    }

    private sealed class Service : Courier.CourierBase
    {
        private static readonly ConcurrentQueue<string> Got = [];

        public override Task<Receipt> Take(Value request, ServerCallContext context)
        {
            Got.Enqueue(context.RequestHeaders.GetValue("x-chronos-execution-id") ?? "");
            return Task.FromResult(new Receipt());
        }

        /// <summary>What came until now.</summary>
        public override Task<Receipt> Deliver(Parcel request, ServerCallContext context) => Task.FromResult(new Receipt { Text = string.Join('\n', Got) });
    }
}
