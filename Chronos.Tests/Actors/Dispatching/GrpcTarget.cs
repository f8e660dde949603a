using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Chronos.Core.Dispatching;
using Chronos.Tests.Compliance;
using Chronos.Tests.Protos;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TestPort = Chronos.Tests.Kit.TestPort;

namespace Chronos.Tests.Actors.Dispatching;

/// <summary>What a <see cref="GrpcTarget"/> serves beside its service.</summary>
internal sealed record GrpcTargetOptions
{
    public int Port { get; init; }

    public bool Reflection { get; init; } = true;

    /// <summary>Whether reflection and health want the right credential too.</summary>
    public bool GuardAll { get; init; }

    /// <summary>What the health service answers for each service; absent: there is none.</summary>
    public Dictionary<string, int>? Health { get; init; }

    public X509Certificate2? Certificate { get; init; }

    /// <summary>The one client that is let in.</summary>
    public X509Certificate2? Client { get; init; }
}

/// <summary>A gRPC server on 127.0.0.1 with a method for each thing that a target may do.</summary>
internal sealed class GrpcTarget : IAnsweringTarget
{
    private static readonly string RightCredential = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("me:" + DispatcherCompliance.Secret));

    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithTypeRegistry(TypeRegistry.FromFiles(CourierReflection.Descriptor)));

    private readonly GrpcTargetOptions _options;
    private readonly ConcurrentQueue<Received> _received = new();
    private CancellationTokenSource _killed = new();
    private WebApplication _app = null!;
    private int _reflected;

    private GrpcTarget(GrpcTargetOptions options) => _options = options;

    public string Url { get; private set; } = "";

    public IReadOnlyList<Received> Received => [.. _received];

    /// <summary>How often reflection was asked.</summary>
    public int Reflections => _reflected;

    /// <summary>What <c>Deliver</c> does before it answers.</summary>
    public Action<ServerCallContext> OnDeliver { get; set; } = static _ => { };

    public DispatchTarget Accepting => Calling("Take");

    public DispatchTarget Failing => Calling("Fail");

    public DispatchTarget Rejecting => Calling("Reject");

    public DispatchTarget Silent => Calling("Hang");

    public DispatchTarget Missing => Calling("Fly");

    public FailureClass MissingIs => FailureClass.ClientError;

    public int TooManyBytes => 5_000_000;

    public DispatchTarget Oversized => Calling("Big");

    public DispatchTarget Unreachable => Section($$"""{"target":"http://127.0.0.1:{{TestPort.Free()}}","method":"chronos.tests.Courier/Deliver"}""");

    public DispatchTarget Guarded(string secretName) =>
        Calling("Guarded", $$""","auth":{"type":"basic","username":"me","password":{"secret":"{{secretName}}"} }""");

    public DispatchTarget Leaking(string secretName) =>
        Calling("Leak", $$""","auth":{"type":"bearer","token":{"secret":"{{secretName}}"} }""");

    public DispatchTarget Calling(string method, string more = "") => Section($$"""{"target":"{{Url}}","method":"chronos.tests.Courier/{{method}}"{{more}}}""");

    public static DispatchTarget Section(string json) => new(Protocol.Grpc, json);

    public static Task<GrpcTarget> StartAsync() => StartAsync(new GrpcTargetOptions());

    public static async Task<GrpcTarget> StartAsync(GrpcTargetOptions options)
    {
        var target = new GrpcTarget(options);
        await target.ListenAsync(options.Port);
        return target;
    }

    public async Task RestartAsync()
    {
        await _app.DisposeAsync();
        _killed.Dispose();
        _killed = new CancellationTokenSource();
        await ListenAsync(new Uri(Url).Port);
    }

    public async Task KillAsync()
    {
        await _killed.CancelAsync();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await _app.DisposeAsync();
        _killed.Dispose();
    }

    private async Task ListenAsync(int port)
    {
        var options = _options;
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (options.Certificate is not null)
            {
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = options.Certificate;
                    https.ClientCertificateMode = options.Client is null ? ClientCertificateMode.NoCertificate : ClientCertificateMode.RequireCertificate;
                    https.ClientCertificateValidation = (certificate, _, _) => certificate.Thumbprint == options.Client?.Thumbprint;
                });
            }
        }));
        builder.Services.AddSingleton(this).AddSingleton(options);
        builder.Services.AddGrpc(grpc => grpc.Interceptors.Add<Watch>());
        if (options.Reflection)
        {
            builder.Services.AddGrpcReflection();
        }

        _app = builder.Build();
        _app.MapGrpcService<Service>();
        if (options.Health is not null)
        {
            _app.MapGrpcService<HealthService>();
        }

        if (options.Reflection)
        {
            _app.MapGrpcReflectionService();
        }

        await _app.StartAsync();
        var address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Url = $"{(options.Certificate is null ? "http" : "https")}://127.0.0.1:{address.Port}";
    }

    private sealed class Watch(GrpcTarget target, GrpcTargetOptions options) : Interceptor
    {
        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            if (options.GuardAll && context.RequestHeaders.GetValue("authorization") != RightCredential)
            {
                throw new RpcException(new Status(StatusCode.Unauthenticated, "who are you?"));
            }

            Interlocked.Increment(ref target._reflected);
            return continuation(requestStream, responseStream, context);
        }
    }

    private sealed class HealthService(GrpcTargetOptions options) : Protos.Health.HealthBase
    {
        public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
            options.Health!.TryGetValue(request.Service, out var status)
                ? Task.FromResult(new HealthCheckResponse { Status = (HealthCheckResponse.Types.ServingStatus)status })
                : throw new RpcException(new Status(StatusCode.NotFound, "unknown service"));
    }

    private sealed class Service(GrpcTarget target) : Courier.CourierBase
    {
        public override Task<Receipt> Deliver(Parcel request, ServerCallContext context)
        {
            Note(request, context);
            target.OnDeliver(context);
            return Task.FromResult(new Receipt { Text = "fine", Number = request.N });
        }

        public override Task<Receipt> Take(Google.Protobuf.WellKnownTypes.Value request, ServerCallContext context)
        {
            Note(request, context);
            return Task.FromResult(new Receipt { Text = "fine" });
        }

        public override Task<Receipt> Event(Io.Cloudevents.V1.CloudEvent request, ServerCallContext context)
        {
            Note(request, context);
            return Task.FromResult(new Receipt { Text = "fine" });
        }

        public override async Task Track(Parcel request, IServerStreamWriter<Receipt> responseStream, ServerCallContext context)
        {
            Note(request, context);
            for (var i = 1; i <= Math.Abs(request.N); i++)
            {
                await responseStream.WriteAsync(new Receipt { Text = request.Text.Length > 0 ? request.Text : "step", Number = i }, context.CancellationToken);
            }

            if (request.N < 0)
            {
                throw new RpcException(new Status(StatusCode.Aborted, "half way"));
            }
        }

        public override Task<Receipt> Fail(Parcel request, ServerCallContext context) => throw Refuse(request, context, StatusCode.Unavailable, "not today");

        public override Task<Receipt> Reject(Parcel request, ServerCallContext context) => throw Refuse(request, context, StatusCode.InvalidArgument, "not this");

        public override Task<Receipt> Answer(Wanted request, ServerCallContext context)
        {
            Note(request, context);
            if (request.PushbackMs.Length > 0)
            {
                context.ResponseTrailers.Add("grpc-retry-pushback-ms", request.PushbackMs);
            }

            throw new RpcException(new Status((StatusCode)request.Code, request.Detail));
        }

        public override async Task<Receipt> Hang(Parcel request, ServerCallContext context)
        {
            Note(request, context);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(target._killed.Token, context.CancellationToken);
            try
            {
                await Task.Delay(Timeout.Infinite, end.Token);
            }
            catch (OperationCanceledException)
            {
                context.GetHttpContext().Abort();
            }

            return new Receipt();
        }

        public override Task<Receipt> Big(Parcel request, ServerCallContext context)
        {
            Note(request, context);
            return Task.FromResult(new Receipt { Text = new string('x', request.N > 0 ? request.N : 3 * 1024 * 1024) });
        }

        public override Task<Receipt> Guarded(Parcel request, ServerCallContext context)
        {
            Note(request, context);
            return context.RequestHeaders.GetValue("authorization") == RightCredential
                ? Task.FromResult(new Receipt { Text = "come in" })
                : throw new RpcException(new Status(StatusCode.Unauthenticated, "who are you?"));
        }

        public override Task<Receipt> Leak(Parcel request, ServerCallContext context)
        {
            var key = context.RequestHeaders.GetValue("authorization")!["Bearer ".Length..];
            throw Refuse(request, context, StatusCode.Internal, $"{key} | {Convert.ToBase64String(Encoding.UTF8.GetBytes(key))} | {Uri.EscapeDataString(key)}");
        }

        public override Task<Everything> Echo(Everything request, ServerCallContext context)
        {
            Note(request, context);
            return Task.FromResult(request);
        }

        private RpcException Refuse(IMessage request, ServerCallContext context, StatusCode code, string detail)
        {
            Note(request, context);
            return new RpcException(new Status(code, detail));
        }

        private void Note(IMessage request, ServerCallContext context)
        {
            var headers = context.RequestHeaders.ToDictionary(entry => entry.Key, entry => entry.IsBinary ? Convert.ToHexString(entry.ValueBytes) : entry.Value);
            headers["deadline"] = context.Deadline.ToString("O");
            headers["authority"] = context.Host;
            target._received.Enqueue(new Received(context.Method, headers, JsonNode.Parse(Formatter.Format(request))!.ToJsonString()));
        }
    }

    /// <summary>A certificate for <c>chronos.test</c> that vouches for itself.</summary>
    public static X509Certificate2 Certificate(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null, X509KeyStorageFlags.Exportable);
    }
}
