using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Chronos.Tests.Docker;

/// <summary>A named network namespace, in which 127.0.0.1 is another one. A socket stays in the namespace that its thread was in.</summary>
internal static class NetworkSpace
{
    private const int NetworkNamespace = 0x40000000;

    /// <summary>A client that connects inside of the namespace.</summary>
    public static HttpClient Client(string space, int port) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, _) => new NetworkStream(await ConnectAsync(space, port), ownsSocket: true),
    })
    {
        BaseAddress = new Uri($"http://127.0.0.1:{port}/"),
        Timeout = TimeSpan.FromSeconds(30),
    };

    private static Task<Socket> ConnectAsync(string space, int port)
    {
        var connected = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);

        // A thread of its own, which ends afterwards: one of the pool would carry the namespace to others.
        new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle($"/run/netns/{space}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                if (SetNamespace(file, NetworkNamespace) != 0)
                {
                    throw new Win32Exception();
                }

                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Connect(IPAddress.Loopback, port);
                connected.SetResult(socket);
            }
            catch (Exception e)
            {
                connected.SetException(e);
            }
        })
        { IsBackground = true }.Start();
        return connected.Task;
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static extern int SetNamespace(SafeFileHandle file, int kind);
}
