using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Grpc;
using Google.Protobuf;
using Grpc.Core;

namespace Chronos.Actors.Dispatching.Grpc;

/// <summary>Calls unary and server-streaming methods over gRPC, without generated code.</summary>
public sealed class GrpcDispatcher : IDispatcher, IDisposable
{
    // What a timer can hold, and a deadline of gRPC.
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(40);

    // A schema of this age is asked for again before a fault is believed: the target may have been replaced.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    // Our own timer and that of the deadline differ by less.
    private static readonly TimeSpan Skew = TimeSpan.FromMilliseconds(20);

    private readonly GrpcDispatchOptions _options;
    private readonly ISecretSource _secrets;
    private readonly CircuitBoard _circuits;
    private readonly TimeProvider _time;
    private readonly GrpcChannels _channels;

    // To token endpoints.
    private readonly HttpLines _lines;
    private readonly OAuthSource _oauth;

    public GrpcDispatcher(GrpcDispatchOptions options, ISecretSource secrets, CircuitBoard circuits, TimeProvider time)
        : this(options, secrets, circuits, time, static (host, cancellation) => Dns.GetHostAddressesAsync(host, cancellation))
    {
    }

    internal GrpcDispatcher(GrpcDispatchOptions options, ISecretSource secrets, CircuitBoard circuits, TimeProvider time, ResolveName resolve)
    {
        (_options, _secrets, _circuits, _time) = (options, secrets, circuits, time);
        _channels = new GrpcChannels(options, time, resolve);
        var http = new HttpDispatchOptions { AllowPrivateTargets = options.AllowPrivateTargets, ConnectTimeout = options.ConnectTimeout };
        var guard = new GuardedConnector(resolve, options.AllowPrivateTargets);
        (_lines, _oauth) = (new HttpLines(http, guard, time), new OAuthSource(http, circuits, guard, time));
    }

    public Protocol Protocol => Protocol.Grpc;

    /// <summary>How many channels are open.</summary>
    internal int Channels => _channels.Count;

    public async Task<AttemptOutcome> DispatchAsync(AttemptRequest request, CancellationToken cancellation)
    {
        var started = _time.GetUtcNow();
        var clock = _time.GetTimestamp();
        var secrets = new AttemptSecrets(request, _secrets);
        GrpcRequest prepared;
        GrpcChannels.Lease lease;
        try
        {
            prepared = GrpcRequest.Prepare(request, secrets);
            lease = _channels.Rent(prepared.Endpoint);
        }
        catch (RequestFaultException fault)
        {
            return Ended(new GrpcEnd(FailureClass.Request, Error: fault.Message), started, clock, secrets.Mask);
        }

        using var _ = lease;
        var limit = request.Timeout < LongestTimeout ? request.Timeout : LongestTimeout;
        using var timeout = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        Task<AttemptOutcome> Send(string? token) => _circuits.SendAsync(OAuthSource.TargetOf(prepared.Endpoint.Address), async () =>
        {
            GrpcEnd end;
            try
            {
                end = await RunAsync(request, token is null ? prepared : prepared.With(token), lease, secrets.Mask, started + limit, either.Token).ConfigureAwait(false);
            }
            catch (RpcException error)
            {
                var timedOut = timeout.IsCancellationRequested || (error.StatusCode == StatusCode.DeadlineExceeded && _time.GetElapsedTime(clock) >= limit - Skew);
                end = GrpcFailures.Classify(error, request.Timeout, timedOut, cancellation);
            }
            catch (GrpcFaultException fault)
            {
                end = new GrpcEnd(fault.Failure, fault.Status, fault.Message);
            }
            catch (RequestFaultException fault)
            {
                end = new GrpcEnd(FailureClass.Request, Error: fault.Message);
            }
            catch (Exception e) when (HttpFailures.Classify(e, request.Timeout, timeout.Token, cancellation) is { } known)
            {
                end = new GrpcEnd(known.Failure, Error: known.Error);
            }

            return Ended(end, started, clock, secrets.Mask);
        });

        if (prepared.Grant is not { } grant)
        {
            return await Send(null).ConfigureAwait(false);
        }

        async Task<AttemptOutcome> Guarded(Func<Task<HttpEnd>> step)
        {
            HttpEnd end;
            try
            {
                end = await step().ConfigureAwait(false);
            }
            catch (Exception e) when (HttpFailures.Classify(e, request.Timeout, timeout.Token, cancellation) is { } known)
            {
                end = known;
            }

            return Ended(new GrpcEnd(end.Failure, Error: end.Error, RetryAfter: end.RetryAfter), started, clock, secrets.Mask);
        }

        HttpLines.Lease line;
        try
        {
            line = _lines.Rent(grant.Route);
        }
        catch (RequestFaultException fault)
        {
            return Ended(new GrpcEnd(FailureClass.Request, Error: fault.Message), started, clock, secrets.Mask);
        }

        using (line)
        {
            return await _oauth.SendAsync(
                grant, secrets, line.Client, Guarded, Send, static outcome => outcome.StatusCode == (int)StatusCode.Unauthenticated, either.Token).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        _channels.Dispose();
        _lines.Dispose();
    }

    private async Task<GrpcEnd> RunAsync(
        AttemptRequest attempt, GrpcRequest request, GrpcChannels.Lease lease, SecretMask mask, DateTimeOffset deadline, CancellationToken cancellation)
    {
        var invoker = lease.Channel.CreateCallInvoker();
        if (request.Plan.Section.HealthCheck is { } service)
        {
            await CheckHealthAsync(invoker, service, new CallOptions(request.Metadata, deadline.UtcDateTime, cancellation)).ConfigureAwait(false);
        }

        var (method, message) = await EncodeAsync(request, lease.Reflection, cancellation).ConfigureAwait(false);
        var options = new CallOptions(request.ForCall(attempt, message, _time.GetUtcNow()), deadline.UtcDateTime, cancellation);
        AttemptWatch.Current?.Leaves(request.Describe(options.Headers!), mask);
        return await CallAsync(invoker, method, message, options, mask, cancellation).ConfigureAwait(false);
    }

    private static async Task CheckHealthAsync(CallInvoker invoker, string service, CallOptions options)
    {
        var check = new Method<byte[], byte[]>(MethodType.Unary, "grpc.health.v1.Health", "Check", GrpcBytes.Marshaller, GrpcBytes.Marshaller);
        byte[] answer;
        try
        {
            using var call = invoker.AsyncUnaryCall(check, null, options, GrpcBytes.String(1, service));
            answer = await call.ResponseAsync.ConfigureAwait(false);
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Unimplemented or StatusCode.NotFound && e.Status.DebugException is null)
        {
            throw new GrpcFaultException(
                FailureClass.ClientError, e.StatusCode,
                e.StatusCode == StatusCode.NotFound ? $"the target knows no health of '{service}'; the call was not made" : "the target has no health service; leave grpc.health_check out");
        }

        using var input = new CodedInputStream(answer);
        var status = input.ReadTag() == WireFormat.MakeTag(1, WireFormat.WireType.Varint) ? input.ReadInt32() : 0;
        if (status != 1)
        {
            var word = status switch { 2 => "NOT_SERVING", 3 => "SERVICE_UNKNOWN", _ => "UNKNOWN" };
            throw new GrpcFaultException(FailureClass.ServerError, StatusCode.Unavailable, $"the target says of its health that it is {word}; the call was not made");
        }
    }

    private async Task<(ProtoMethod Method, byte[] Message)> EncodeAsync(GrpcRequest request, GrpcReflection reflection, CancellationToken cancellation)
    {
        var section = request.Plan.Section;
        if (request.Plan.Schema is { } schema)
        {
            return Encode(request, schema);
        }

        var (known, age) = await reflection.GetAsync(section.Service, request.Metadata, _options.ReflectionLifetime, cancellation).ConfigureAwait(false);
        try
        {
            return Encode(request, known);
        }
        catch (Exception e) when (age > Fresh && e is GrpcFaultException or RequestFaultException)
        {
            (known, _) = await reflection.GetAsync(section.Service, request.Metadata, Fresh, cancellation).ConfigureAwait(false);
            return Encode(request, known);
        }
    }

    private static (ProtoMethod Method, byte[] Message) Encode(GrpcRequest request, ProtoSchema schema)
    {
        var path = request.Plan.Section.Method;
        if (schema.FindMethod(path) is not { } method)
        {
            var others = string.Join(", ", schema.MethodsOf(request.Plan.Section.Service).Take(10));
            throw new GrpcFaultException(FailureClass.ClientError, StatusCode.Unimplemented, $"the target has no method {path}; its service has {(others.Length > 0 ? others : "none")}");
        }

        if (method.ClientStreaming)
        {
            throw new GrpcFaultException(FailureClass.ClientError, null, $"{path} takes a stream of messages; unary and server-streaming methods can be called");
        }

        if (request.IsEvent && method.InputName.TrimStart('.') != GrpcRequest.EventType)
        {
            throw new RequestFaultException($"cloud_event.mode: structured calls a method that takes {GrpcRequest.EventType}, and {path} takes {method.InputName.TrimStart('.')}; mode binary puts the event into the metadata");
        }

        try
        {
            using var json = JsonDocument.Parse(request.Message);
            _ = method.Output;
            return (method, ProtoJsonEncoder.Encode(json.RootElement, method.Input, request.MessageField));
        }
        catch (ProtoJsonException fault)
        {
            throw new RequestFaultException(fault.Message);
        }
        catch (FormatException fault)
        {
            throw new RequestFaultException($"the descriptors {fault.Message}");
        }
        catch (JsonException)
        {
            throw new RequestFaultException($"{request.MessageField}: is no JSON");
        }
    }

    private async Task<GrpcEnd> CallAsync(
        CallInvoker invoker, ProtoMethod method, byte[] message, CallOptions options, SecretMask mask, CancellationToken cancellation)
    {
        var kind = method.ServerStreaming ? MethodType.ServerStreaming : MethodType.Unary;
        var call = new Method<byte[], byte[]>(kind, method.Service, method.Name, GrpcBytes.Marshaller, GrpcBytes.Marshaller);
        if (kind == MethodType.Unary)
        {
            using var unary = invoker.AsyncUnaryCall(call, null, options, message);
            var answer = await unary.ResponseAsync.ConfigureAwait(false);
            return new GrpcEnd(FailureClass.None, StatusCode.OK, Response: Read(answer, method, mask));
        }

        using var streaming = invoker.AsyncServerStreamingCall(call, null, options, message);
        var text = new MemoryStream();
        var (count, truncated) = (0, false);
        while (await streaming.ResponseStream.MoveNext(cancellation).ConfigureAwait(false))
        {
            // Read to the end also beyond what is kept: the status comes last.
            count++;
            if (!truncated)
            {
                var line = Encoding.UTF8.GetBytes((Decode(streaming.ResponseStream.Current, method) ?? "null") + "\n");
                var room = _options.MaxResponse - (int)text.Length;
                text.Write(line.AsSpan(0, Math.Min(line.Length, room)));
                truncated = line.Length > room;
            }
        }

        return new GrpcEnd(
            FailureClass.None, StatusCode.OK, Response: ResponseReader.Decode(text.ToArray(), truncated, new MediaTypeHeaderValue("application/x-ndjson"), mask), Messages: count);
    }

    private ReadResponse Read(byte[] answer, ProtoMethod method, SecretMask mask)
    {
        if (Decode(answer, method) is not { } json)
        {
            var raw = answer.Length > _options.MaxResponse ? answer[.._options.MaxResponse] : answer;
            return ResponseReader.Decode(raw, raw.Length < answer.Length, new MediaTypeHeaderValue("application/octet-stream"), mask);
        }

        var bytes = Encoding.UTF8.GetBytes(json);
        var truncated = bytes.Length > _options.MaxResponse;
        return ResponseReader.Decode(truncated ? bytes[.._options.MaxResponse] : bytes, truncated, new MediaTypeHeaderValue("application/json"), mask);
    }

    /// <summary>Null when the answer is not of the type that the descriptors promise; the call itself has succeeded all the same.</summary>
    private static string? Decode(byte[] answer, ProtoMethod method)
    {
        try
        {
            return ProtoJsonDecoder.Decode(answer, method.Output);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private AttemptOutcome Ended(GrpcEnd end, DateTimeOffset started, long clock, SecretMask mask)
    {
        var text = end.Response?.Text;
        var outcome = new AttemptOutcome(
            end.Failure, started, _time.GetElapsedTime(clock), (int?)end.Status, end.Error is null ? null : HttpFailures.OneLine(mask.Apply(end.Error)),
            text is null ? null : ResponseReader.Excerpt(text, _options.MaxExcerpt), end.RetryAfter);
        if (end.Status is { } status)
        {
            outcome = outcome with { Facts = outcome.Facts.Add("grpc_status", GrpcFailures.NameOf(status)) };
        }

        if (end.Messages is { } messages)
        {
            outcome = outcome with { Facts = outcome.Facts.Add("messages", messages.ToString(CultureInfo.InvariantCulture)) };
        }

        if (end.Response is not { Bytes.Length: > 0 } response || (outcome.Excerpt is not null && outcome.Excerpt.Length == text!.Length && !response.Truncated))
        {
            return outcome;
        }

        return outcome with
        {
            Output = response.Bytes,
            OutputType = response.ContentType,
            Facts = response.Truncated ? outcome.Facts.Add("truncated", "true") : outcome.Facts,
        };
    }
}
