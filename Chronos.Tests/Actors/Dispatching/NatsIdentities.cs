using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using NATS.NKeys;

namespace Chronos.Tests.Actors.Dispatching;

/// <summary>Operators, accounts and users of NATS, with the JWTs that bind them.</summary>
internal static class NatsIdentities
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>A new seed; kind is 'O', 'A' or 'U'.</summary>
    public static string NewSeed(char kind)
    {
        var prefix = kind switch { 'O' => 14 << 3, 'A' => 0, _ => 20 << 3 };
        var raw = new byte[36];
        raw[0] = (byte)((18 << 3) | (prefix >> 5));
        raw[1] = (byte)((prefix & 31) << 3);
        RandomNumberGenerator.Fill(raw.AsSpan(2, 32));
        var crc = 0;
        foreach (var value in raw[..34])
        {
            crc ^= value << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? ((crc << 1) ^ 0x1021) & 0xFFFF : (crc << 1) & 0xFFFF;
            }
        }

        (raw[34], raw[35]) = ((byte)crc, (byte)(crc >> 8));
        return Base32(raw);
    }

    public static string PublicKey(string seed)
    {
        using var pair = KeyPair.FromSeed(seed);
        return pair.GetPublicKey();
    }

    public static string Jwt(string issuerSeed, string subject, string name, object nats)
    {
        using var issuer = KeyPair.FromSeed(issuerSeed);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = new { jti = Base32(RandomNumberGenerator.GetBytes(32)), iat = now, iss = issuer.GetPublicKey(), name, sub = subject, nats };
        var text = $"{Encode("""{"typ":"JWT","alg":"ed25519-nkey"}""")}.{Encode(JsonSerializer.Serialize(claims))}";
        var signature = new byte[64];
        issuer.Sign(Encoding.ASCII.GetBytes(text), signature);
        return $"{text}.{Base64Url.EncodeToString(signature)}";
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static string Base32(byte[] bytes)
    {
        var text = new StringBuilder();
        int buffer = 0, bits = 0;
        foreach (var value in bytes)
        {
            buffer = ((buffer << 8) | value) & 0xFFF;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                text.Append(Letters[(buffer >> bits) & 31]);
            }
        }

        return bits > 0 ? text.Append(Letters[(buffer << (5 - bits)) & 31]).ToString() : text.ToString();
    }
}
