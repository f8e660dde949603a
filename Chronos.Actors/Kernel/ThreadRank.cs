using System.Runtime.InteropServices;

namespace Chronos.Actors.Kernel;

/// <summary>
/// Lets the other threads of the process go first: a thread that folds or tidies shall not be what a due slot waits for where all
/// processors are busy.
/// </summary>
/// <remarks>
/// The runtime's own priorities do nothing on Linux. There each thread has a nice value, <c>setpriority(2)</c>; giving way needs no rights.
/// </remarks>
internal static class ThreadRank
{
    /// <summary>A third of the weight of the others when all want to run, everything when they do not.</summary>
    private const int Nice = 5;

    private const int OfThread = 0;
    private const uint Calling = 0;

    /// <summary>From now on the calling thread, which must not be of the pool, gives way to the others.</summary>
    public static void GiveWay()
    {
        if (OperatingSystem.IsLinux())
        {
            // Refused in some sandboxes: then all stay equal.
            _ = SetPriority(OfThread, Calling, Nice);
        }
        else
        {
            Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
        }
    }

    [DllImport("libc", EntryPoint = "setpriority", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetPriority(int which, uint who, int priority);
}
