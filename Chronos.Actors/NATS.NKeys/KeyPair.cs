using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace NATS.NKeys;

/// <summary>An Ed25519 key of NATS, made from its seed (<c>SU…</c>): what nkey, JWT and credentials authentication sign with.</summary>
public sealed class KeyPair : IDisposable
{
    private const byte SeedPrefix = 18 << 3;

    private readonly byte[] _secret;
    private readonly byte _kind;

    private KeyPair(byte kind, byte[] secret)
    {
        (_kind, _secret) = (kind, secret);
    }

    /// <summary>Reads a seed: two bytes that say seed and kind, 32 bytes of key, a CRC-16, in base32.</summary>
    /// <exception cref="FormatException">It is no seed. The message does not repeat it.</exception>
    public static KeyPair FromSeed(ReadOnlySpan<char> seed)
    {
        var raw = Base32.Decode(seed);
        try
        {
            if (raw.Length != 36 || (raw[0] & 0xF8) != SeedPrefix || !Crc16.Matches(raw))
            {
                throw new FormatException("this is no seed of an nkey");
            }

            return new KeyPair((byte)(((raw[0] & 7) << 5) | (raw[1] >> 3)), raw[2..34]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(raw);
        }
    }

    /// <summary>The public key in base32, such as <c>U…</c> for a user.</summary>
    public string GetPublicKey()
    {
        var raw = new byte[1 + Ed25519.PublicKeySize + 2];
        raw[0] = _kind;
        Ed25519.GeneratePublicKey(_secret, 0, raw, 1);
        Crc16.Append(raw);
        return Base32.Encode(raw);
    }

    /// <summary>Puts the 64 bytes of the signature over <paramref name="message"/> into <paramref name="signature"/>.</summary>
    public void Sign(ReadOnlyMemory<byte> message, Memory<byte> signature)
    {
        var bytes = message.ToArray();
        var signed = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(_secret, 0, bytes, 0, bytes.Length, signed, 0);
        signed.CopyTo(signature);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_secret);
}
