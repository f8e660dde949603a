namespace Chronos.Host.Hosting;

/// <summary>
/// The data folder as this process's own. Two nodes on one folder fence each other out of the journal, take each other's
/// leadership, and write the node store at once, which it does not survive; so the second one does not start. The claim is a lock
/// of the operating system on <c>node.lock</c>: it ends with the process, however that ends, and a file that was left behind is no lock.
/// </summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    private DataFolder(FileStream held) => _lock = held;

    /// <exception cref="IOException">The folder cannot be used, or another process uses it; the message names the setting.</exception>
    public static DataFolder Claim(string folder)
    {
        var file = Path.Combine(folder, "node.lock");
        try
        {
            Directory.CreateDirectory(folder);
            return new DataFolder(new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(IsHeld(e) ? $"CHRONOS_DATA: another node is running on {folder}" : $"CHRONOS_DATA: {folder} cannot be used: {e.Message}", e);
        }
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.</summary>
    private static bool IsHeld(Exception e) => e is IOException { HResult: 11 or 35 or unchecked((int)0x80070020) };
}
