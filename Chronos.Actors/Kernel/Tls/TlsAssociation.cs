using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Event;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace Chronos.Actors.Kernel.Tls;

/// <summary>One connection with another node: frames of four bytes of length, the lowest first, and so many bytes.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Nobody owns a handle; Run disposes the connection when it ends")]
internal sealed class TlsAssociation : AssociationHandle
{
    private const int Header = 4;

    /// <summary>Small messages travel together; what is more waits for the next write.</summary>
    private const int WriteAtOnce = 128 * 1024;

    /// <summary>Beyond it the sender is told to wait, as by a full socket.</summary>
    private const int MostQueued = 8 * 1024 * 1024;

    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly Socket _socket;
    private readonly SslStream _stream;
    private readonly int _maxFrame;
    private readonly ILoggingAdapter _log;
    private readonly Channel<ByteString> _outgoing = Channel.CreateUnbounded<ByteString>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _ending = new();
    private int _queued;

    public TlsAssociation(Address local, Address remote, Socket socket, SslStream stream, int maxFrame, ILoggingAdapter log)
        : base(local, remote) => (_socket, _stream, _maxFrame, _log) = (socket, stream, maxFrame, log);

    public override bool Write(ByteString payload)
    {
        if (Volatile.Read(ref _queued) > MostQueued || !_outgoing.Writer.TryWrite(payload))
        {
            return false;
        }

        Interlocked.Add(ref _queued, payload.Length + Header);
        return true;
    }

    [Obsolete("Use the method that states reasons to make sure disassociation reasons are logged.")]
    public override void Disassociate() => Close();

    /// <summary>Sends what was written, then ends.</summary>
    public void Close() => _outgoing.Writer.TryComplete();

    /// <summary>Ends at once.</summary>
    public void Abort()
    {
        Close();
        _ending.Cancel();
    }

    /// <summary>Carries frames both ways until either side ends.</summary>
    public async Task Run()
    {
        var writing = Send();
        var reading = Receive();
        if (await Task.WhenAny(writing, reading).ConfigureAwait(false) == reading)
        {
            Close();
        }

        // The last words of one side may still be on their way when the other has ended.
        _ending.CancelAfter(Farewell);
        await Task.WhenAll(writing, reading).ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
    }

    private async Task Send()
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        try
        {
            while (await _outgoing.Reader.WaitToReadAsync(_ending.Token).ConfigureAwait(false))
            {
                buffer.ResetWrittenCount();
                while (buffer.WrittenCount < WriteAtOnce && _outgoing.Reader.TryRead(out var payload))
                {
                    BinaryPrimitives.WriteInt32LittleEndian(buffer.GetSpan(Header), payload.Length);
                    buffer.Advance(Header);
                    buffer.Write(payload.Span);
                }

                Interlocked.Add(ref _queued, -buffer.WrittenCount);
                await _stream.WriteAsync(buffer.WrittenMemory, _ending.Token).ConfigureAwait(false);
            }

            await _stream.ShutdownAsync().ConfigureAwait(false);
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (IsEnd(e))
        {
            _log.Debug("Sending to {Address} ended: {Reason}", RemoteAddress, e.Message);
            Abort();
        }
    }

    private async Task Receive()
    {
        IHandleEventListener? listener = null;
        try
        {
            listener = await ReadHandlerSource.Task.WaitAsync(_ending.Token).ConfigureAwait(false);
            var reader = PipeReader.Create(_stream, new StreamPipeReaderOptions(bufferSize: 32 * 1024, leaveOpen: true));
            while (true)
            {
                var read = await reader.ReadAsync(_ending.Token).ConfigureAwait(false);
                var rest = read.Buffer;
                while (TryFrame(ref rest, out var frame))
                {
                    listener.Notify(new InboundPayload(frame));
                }

                reader.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            _log.Debug("Reading from {Address} ended: {Reason}", RemoteAddress, e.Message);
        }

        listener?.Notify(new Disassociated(DisassociateInfo.Unknown));
    }

    private bool TryFrame(ref ReadOnlySequence<byte> rest, out ByteString frame)
    {
        frame = ByteString.Empty;
        if (rest.Length < Header)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[Header];
        rest.Slice(0, Header).CopyTo(header);
        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length < 0 || length > _maxFrame)
        {
            throw new InvalidDataException($"a frame of {length} bytes, where {_maxFrame} are the most");
        }

        if (rest.Length < Header + length)
        {
            return false;
        }

        frame = UnsafeByteOperations.UnsafeWrap(rest.Slice(Header, length).ToArray());
        rest = rest.Slice(Header + length);
        return true;
    }

    private static bool IsEnd(Exception e) => e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidDataException or InvalidOperationException;
}
