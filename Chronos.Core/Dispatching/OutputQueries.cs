using Chronos.Core.Kernel;
using Chronos.Core.Wire;

namespace Chronos.Core.Dispatching;

/// <summary>What a node is asked about the outputs that it keeps, from any node. Piece by piece: a frame between nodes does not hold a whole one.</summary>
public static class OutputQueries
{
    /// <summary>Bytes of a piece; in base64 a third more.</summary>
    public const int Piece = 32 * 1024;

    /// <summary>What has the node of this attempt, from this byte on?</summary>
    public sealed record GetOutput(TenantId Tenant, ExecutionId Execution, int Attempt, int Offset) : IWireMessage;

    /// <summary>A part of an output, or that there is none.</summary>
    /// <param name="ContentType">Absent: the node has no output of the attempt.</param>
    /// <param name="At">Of when it is; with two nodes that have one, the newer counts.</param>
    /// <param name="Length">Bytes in all.</param>
    /// <param name="Base64">The bytes from the offset on, at most <see cref="Piece"/>.</param>
    public sealed record OutputPiece(string? ContentType, DateTimeOffset? At, int Length, string? Base64) : IWireMessage
    {
        public static readonly OutputPiece None = new(null, null, 0, null);

        public static OutputPiece Of(StoredOutput? output, int offset) => output is null || offset < 0 || offset > output.Bytes.Length
            ? None
            : new OutputPiece(output.ContentType, output.At, output.Bytes.Length, Convert.ToBase64String(output.Bytes.AsSpan(offset, Math.Min(Piece, output.Bytes.Length - offset))));
    }
}
