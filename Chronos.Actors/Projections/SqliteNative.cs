using System.Runtime.InteropServices;

namespace Chronos.Actors.Projections;

/// <summary>
/// What runs a dozen times for each execution, of the library that the driver has loaded. The driver's own way there counts the users of the
/// statement up and down for each value, which costs more than what it guards.
/// </summary>
internal static class SqliteNative
{
    /// <summary>Tells SQLite to copy a text.</summary>
    public const nint Copied = -1;

    private const string Library = "e_sqlite3";

    // These three only note a number: shorter than telling the collector that a call leaves managed code.
    [SuppressGCTransition]
    [DllImport(Library, EntryPoint = "sqlite3_bind_int64", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    public static extern int BindInteger(nint statement, int place, long value);

    [SuppressGCTransition]
    [DllImport(Library, EntryPoint = "sqlite3_bind_double", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    public static extern int BindReal(nint statement, int place, double value);

    [SuppressGCTransition]
    [DllImport(Library, EntryPoint = "sqlite3_bind_null", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    public static extern int BindNull(nint statement, int place);

    [DllImport(Library, EntryPoint = "sqlite3_bind_text", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    public static extern int BindText(nint statement, int place, ref byte text, int length, nint lifetime);

    [DllImport(Library, EntryPoint = "sqlite3_step", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    public static extern int Step(nint statement);

    [DllImport(Library, EntryPoint = "sqlite3_reset", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    public static extern int Reset(nint statement);
}
