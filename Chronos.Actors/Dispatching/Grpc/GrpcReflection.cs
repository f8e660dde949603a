using System.Collections.Concurrent;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Grpc;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;

namespace Chronos.Actors.Dispatching.Grpc;

/// <summary>What a target says of its own services by gRPC server reflection (v1, otherwise v1alpha), remembered for a while.</summary>
internal sealed class GrpcReflection(GrpcChannel channel, GrpcDispatchOptions options, TimeProvider time)
{
    private const int MostFiles = 1000;
    private const int MostBytes = 16 * 1024 * 1024;

    private static readonly string[] Versions = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

    private readonly ConcurrentDictionary<string, Answer> _answers = new(StringComparer.Ordinal);

    /// <summary>The descriptors of a service and of all that it uses.</summary>
    /// <param name="metadata">Credentials of the call; a server may ask for them here too.</param>
    /// <param name="notOlderThan">An answer that is older is asked for again.</param>
    /// <exception cref="GrpcFaultException">The target does not offer reflection, or does not know the service.</exception>
    /// <exception cref="RpcException">It could not be asked.</exception>
    public async Task<(ProtoSchema Schema, TimeSpan Age)> GetAsync(string service, Metadata metadata, TimeSpan notOlderThan, CancellationToken cancellation)
    {
        while (true)
        {
            var own = new Answer(new Lazy<Task<ProtoSchema>>(() => AskAsync(service, metadata)), time.GetTimestamp());
            var answer = _answers.GetOrAdd(service, own);
            if (!ReferenceEquals(answer, own) && time.GetElapsedTime(answer.At) > notOlderThan)
            {
                _answers.TryRemove(KeyValuePair.Create(service, answer));
                continue;
            }

            try
            {
                var schema = await answer.Schema.Value.WaitAsync(cancellation).ConfigureAwait(false);
                return (schema, time.GetElapsedTime(answer.At));
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                _answers.TryRemove(KeyValuePair.Create(service, answer));

                // What another job was refused with its credentials says nothing about ours.
                if (ReferenceEquals(answer, own))
                {
                    throw;
                }
            }
        }
    }

    private async Task<ProtoSchema> AskAsync(string service, Metadata metadata)
    {
        using var limit = new CancellationTokenSource(options.ReflectionTimeout, time);
        for (var version = 0; ; version++)
        {
            try
            {
                return await AskAsync(Versions[version], service, metadata, limit.Token).ConfigureAwait(false);
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unimplemented && e.Status.DebugException is null)
            {
                if (version == Versions.Length - 1)
                {
                    throw new GrpcFaultException(
                        FailureClass.ClientError, StatusCode.Unimplemented, "the target offers no server reflection; give its descriptors in grpc.descriptor_set");
                }
            }
        }
    }

    private async Task<ProtoSchema> AskAsync(string version, string service, Metadata metadata, CancellationToken cancellation)
    {
        var method = new Method<byte[], byte[]>(MethodType.DuplexStreaming, version, "ServerReflectionInfo", GrpcBytes.Marshaller, GrpcBytes.Marshaller);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(method, null, new CallOptions(metadata, cancellationToken: cancellation));
        var files = new Dictionary<string, FileDescriptorProto>(StringComparer.Ordinal);
        var wanted = new Queue<string>();
        var asked = new HashSet<string>(StringComparer.Ordinal);
        var size = 0;
        await AskOneAsync(4, service).ConfigureAwait(false);
        while (wanted.TryDequeue(out var file))
        {
            if (!files.ContainsKey(file) && asked.Add(file))
            {
                await AskOneAsync(3, file).ConfigureAwait(false);
            }
        }

        await call.RequestStream.CompleteAsync().ConfigureAwait(false);
        try
        {
            return ProtoSchema.Build(files.Values);
        }
        catch (FormatException fault)
        {
            throw new GrpcFaultException(FailureClass.ClientError, null, $"what the target says by server reflection {fault.Message}");
        }

        async Task AskOneAsync(int field, string name)
        {
            try
            {
                await call.RequestStream.WriteAsync(GrpcBytes.String(field, name), cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is RpcException or InvalidOperationException)
            {
                // The target may have ended the call before it heard the question: why, its answer says.
            }

            if (!await call.ResponseStream.MoveNext(cancellation).ConfigureAwait(false))
            {
                throw new GrpcFaultException(FailureClass.ServerError, null, "the target ended server reflection before it had answered");
            }

            var (found, error) = Read(call.ResponseStream.Current);
            if (error is not null && field == 4)
            {
                throw new GrpcFaultException(FailureClass.ClientError, StatusCode.Unimplemented, $"the target has no service {service}, which grpc.method names");
            }

            foreach (var file in found)
            {
                size += file.CalculateSize();
                if (files.TryAdd(file.Name, file))
                {
                    file.Dependency.ToList().ForEach(wanted.Enqueue);
                }
            }

            if (files.Count > MostFiles || size > MostBytes)
            {
                throw new GrpcFaultException(FailureClass.ClientError, null, "the target says more by server reflection than is read; give its descriptors in grpc.descriptor_set");
            }
        }
    }

    /// <summary>A <c>ServerReflectionResponse</c>: files in field 4, an error in field 7.</summary>
    private static (IReadOnlyList<FileDescriptorProto> Files, ByteString? Error) Read(byte[] response)
    {
        var files = new List<FileDescriptorProto>();
        ByteString? error = null;
        try
        {
            using var input = new CodedInputStream(response);
            for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
            {
                switch (WireFormat.GetTagFieldNumber(tag))
                {
                    case 4:
                        using (var inner = new CodedInputStream(input.ReadBytes().ToByteArray()))
                        {
                            for (var item = inner.ReadTag(); item != 0; item = inner.ReadTag())
                            {
                                files.Add(FileDescriptorProto.Parser.ParseFrom(inner.ReadBytes()));
                            }
                        }

                        break;
                    case 7:
                        error = input.ReadBytes();
                        break;
                    default:
                        input.SkipLastField();
                        break;
                }
            }
        }
        catch (InvalidProtocolBufferException)
        {
            throw new GrpcFaultException(FailureClass.ServerError, null, "the target does not speak server reflection");
        }

        return (files, error);
    }

    private sealed record Answer(Lazy<Task<ProtoSchema>> Schema, long At);
}
