using System.Runtime.InteropServices;

namespace Chronos.Benchmarks.Kit;

/// <summary>What a figure was measured on.</summary>
internal static class Machine
{
    public static string Line { get; } =
        $"{Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1L << 30)} GB, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, {Build}";

#if DEBUG
    private const string Build = "DEBUG build: figures mean nothing";
#else
    private const string Build = "release build";
#endif
}
