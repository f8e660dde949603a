using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Chronos.Core.Kernel;

namespace Chronos.Core.Governance.Access;

/// <summary>The public part of an API key: 8 characters that name it in lists, logs and events.</summary>
[JsonConverter(typeof(KeyIdConverter))]
public readonly record struct KeyId(string Value)
{
    public const int Length = 8;

    public static bool TryParse(string? text, out KeyId id)
    {
        id = text is { Length: Length } && text.All(char.IsAsciiLetterOrDigit) ? new KeyId(text) : default;
        return id.Value is not null;
    }

    public override string ToString() => Value;
}

internal sealed class KeyIdConverter : StringValueConverter<KeyId>
{
    protected override KeyId From(string text) => new(text);

    protected override string Text(KeyId value) => value.Value;
}

/// <summary>An API key as its holder has it: <c>chr_&lt;id&gt;_&lt;secret&gt;</c>. Shown once, never stored.</summary>
public sealed record ApiKey(KeyId Id, string Text)
{
    public const string Prefix = "chr_";

    /// <summary>How many random bytes <see cref="From"/> wants: 5 for the id, 30 (240 bits) for the secret.</summary>
    public const int EntropyBytes = 35;

    /// <summary>Secrets shorter than this are refused: the fast hash is safe only over much entropy.</summary>
    public const int MinSecretLength = 32;

    private const int MaxLength = 200;
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>Makes a key of random bytes that the caller drew from a cryptographic source.</summary>
    public static ApiKey From(ReadOnlySpan<byte> entropy)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(entropy.Length, EntropyBytes);
        var id = new KeyId(Encode(entropy[..5]));
        return new ApiKey(id, $"{Prefix}{id.Value}_{Encode(entropy[5..])}");
    }

    public static bool TryParse(string? text, out ApiKey key)
    {
        key = null!;
        const int idEnd = 4 + KeyId.Length;
        if (text is null || text.Length > MaxLength || text.Length < idEnd + 1 + MinSecretLength || text[idEnd] != '_'
            || !text.StartsWith(Prefix, StringComparison.Ordinal) || !KeyId.TryParse(text[4..idEnd], out var id)
            || !text.AsSpan(idEnd + 1).ContainsOnlyKeyCharacters())
        {
            return false;
        }

        key = new ApiKey(id, text);
        return true;
    }

    /// <summary>
    /// What is stored: SHA-256 of the whole key, lower-case hexadecimal. A slow hash protects guessable passwords; a secret of
    /// 240 random bits cannot be guessed, so the fast one is right, and it keeps authentication in microseconds.
    /// </summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)));

    /// <summary>Compares in a time that does not depend on where the hashes differ.</summary>
    public bool Matches(string hash) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash), Encoding.ASCII.GetBytes(hash));

    /// <summary>A key must not reach a log by way of a record's text.</summary>
    public override string ToString() => $"{Prefix}{Id.Value}_***";

    private static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * 8 / 5);
        int buffer = 0, bits = 0;
        foreach (var b in bytes)
        {
            buffer = ((buffer << 8) | b) & 0xFFFF;
            for (bits += 8; bits >= 5;)
            {
                text.Append(Alphabet[(buffer >> (bits -= 5)) & 31]);
            }
        }

        return text.ToString();
    }
}

file static class KeyCharacters
{
    public static bool ContainsOnlyKeyCharacters(this ReadOnlySpan<char> secret)
    {
        foreach (var c in secret)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
            {
                return false;
            }
        }

        return true;
    }
}
