using Chronos.Core.Kernel;

namespace Chronos.Cli;

/// <summary>
/// Ends the invocation with an exit code, one line for people, the fields that are wrong, and remarks. The way every verb says no.
/// </summary>
internal sealed class CliFailure(int exitCode, string message, IReadOnlyList<Violation> violations, IReadOnlyList<string> remarks) : Exception(message)
{
    public CliFailure(int exitCode, string message)
        : this(exitCode, message, [], [])
    {
    }

    public int ExitCode { get; } = exitCode;

    public IReadOnlyList<Violation> Violations { get; } = violations;

    public IReadOnlyList<string> Remarks { get; } = remarks;

    /// <summary>What follows the first line.</summary>
    public IEnumerable<string> Lines =>
        Violations.Select(v => v.Field.Length == 0 ? v.Message : $"{v.Field}: {v.Message}").Concat(Remarks);

    public static CliFailure Usage(string message) => new(Cli.ExitCode.Usage, message);
}
