namespace Chronos.Cli;

/// <summary>What scripts can rely on; printed by <c>chronosctl --help</c>.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Refused = 1;
    public const int Usage = 2;
    public const int NotFound = 3;
    public const int Denied = 4;
    public const int Unreachable = 5;
    public const int Conflict = 6;
}
