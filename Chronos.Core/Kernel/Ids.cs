using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Chronos.Core.Kernel;

/// <summary>Whose data this is. Every identity carries it; <c>default</c> until tenancy arrives.</summary>
[JsonConverter(typeof(TenantIdConverter))]
public readonly record struct TenantId(string Value)
{
    public static readonly TenantId Default = new("default");

    public override string ToString() => Value;
}

/// <summary>
/// The stable, server-made identity of a job: 16 characters of Crockford base32 over SHA-256 of tenant and name.
/// </summary>
/// <remarks>
/// Derived from the name, so that a name is unique in its tenant without a registry, a name resolves to its entity
/// without a look-up, and a create that is sent twice meets itself. Upper case, so that an id is never a valid name.
/// </remarks>
[JsonConverter(typeof(JobIdConverter))]
public readonly record struct JobId(string Value)
{
    public const int Length = 16;

    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    public static JobId For(TenantId tenant, string name)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant.Value}/{name}"), hash);
        return new JobId(string.Create(Length, hash[..10].ToArray(), static (chars, bytes) =>
        {
            int buffer = 0, bits = 0, next = 0;
            foreach (var b in bytes)
            {
                buffer = (buffer << 8) | b;
                bits += 8;
                while (bits >= 5)
                {
                    chars[next++] = Alphabet[(buffer >> (bits -= 5)) & 31];
                }
            }
        }));
    }

    public static bool TryParse(string? text, out JobId id)
    {
        id = text is { Length: Length } && text.All(Alphabet.Contains) ? new JobId(text) : default;
        return id.Value is not null;
    }

    /// <summary>Reads what a user may write for a job: its id, or its name in the tenant.</summary>
    public static JobId Resolve(TenantId tenant, string idOrName) =>
        TryParse(idOrName, out var id) ? id : For(tenant, idOrName);

    public override string ToString() => Value;
}

/// <summary>
/// The identity of one execution, the same on every retry: <c>job@nominal-utc-time</c> for a slot of the schedule,
/// <c>job!ulid</c> for a run that somebody asked for. It reaches the target as idempotency key.
/// </summary>
[JsonConverter(typeof(ExecutionIdConverter))]
public readonly record struct ExecutionId(string Value)
{
    public static ExecutionId ForSlot(JobId job, DateTimeOffset nominal) => new(Rfc3339.Format(job.Value, '@', nominal));

    public static ExecutionId ForRun(JobId job, string ulid) => new($"{job.Value}!{ulid}");

    public JobId Job => new(Value[..JobId.Length]);

    public bool IsSlot => Value[JobId.Length] == '@';

    public static bool TryParse(string? text, out ExecutionId id)
    {
        id = default;
        if (text is null || text.Length < JobId.Length + 2 || !JobId.TryParse(text[..JobId.Length], out _))
        {
            return false;
        }

        var rest = text[(JobId.Length + 1)..];
        var valid = text[JobId.Length] switch
        {
            '@' => Rfc3339.TryParse(rest, out var at) && Rfc3339.Format(at) == rest,
            '!' => rest.Length == 26 && rest.All(char.IsAsciiLetterOrDigit),
            _ => false,
        };
        id = valid ? new ExecutionId(text) : default;
        return valid;
    }

    public override string ToString() => Value;
}

/// <summary>Who asked: the name of a key or user, or a part of the system (<c>system:…</c>). Kept in events for audit.</summary>
[JsonConverter(typeof(PrincipalConverter))]
public readonly record struct Principal(string Name)
{
    public static readonly Principal System = new("system");

    public override string ToString() => Name;
}

/// <summary>Makes identities that cannot be derived. Injected, so that the pure code and the tests stay deterministic.</summary>
public interface IIdSource
{
    /// <summary>A new ULID: 26 characters of Crockford base32, ordered by time.</summary>
    string NewUlid();
}
