using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching;

/// <summary>What lets a target report how one attempt ended, once: <c>cbt_&lt;job&gt;_&lt;secret&gt;</c>. Given to the target alone; only its hash is stored.</summary>
/// <remarks>The job is part of it, so that any node finds the timetable that knows the hash.</remarks>
public sealed record CallbackToken(JobId Job, string Text)
{
    public const string Prefix = "cbt_";

    /// <summary>How many random bytes <see cref="From"/> wants.</summary>
    public const int EntropyBytes = 32;

    private const int SecretAt = 4 + JobId.Length + 1;
    private const int Length = SecretAt + 43;

    /// <summary>Makes a token of bytes that the caller drew from a cryptographic source.</summary>
    public static CallbackToken From(JobId job, ReadOnlySpan<byte> entropy)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(entropy.Length, EntropyBytes);
        return new CallbackToken(job, $"{Prefix}{job.Value}_{Base64Url.EncodeToString(entropy)}");
    }

    public static bool TryParse(string? text, out CallbackToken token)
    {
        token = null!;
        if (text is not { Length: Length } || !text.StartsWith(Prefix, StringComparison.Ordinal) || text[SecretAt - 1] != '_'
            || !JobId.TryParse(text[Prefix.Length..(SecretAt - 1)], out var job) || !Base64Url.IsValid(text.AsSpan(SecretAt)))
        {
            return false;
        }

        token = new CallbackToken(job, text);
        return true;
    }

    /// <summary>What is stored: SHA-256 of the whole token. The secret is 256 random bits, so a fast hash gives nothing away.</summary>
    public string Hash => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Text)));

    /// <summary>A token must not reach a log by way of a record's text.</summary>
    public override string ToString() => $"{Prefix}{Job.Value}_***";
}

/// <summary>The token of an attempt, and where it is to be brought.</summary>
/// <param name="Url">Absent where the node does not know under which address others reach it; any node takes the token.</param>
public sealed record CallbackTicket(CallbackToken Token, Uri? Url);
