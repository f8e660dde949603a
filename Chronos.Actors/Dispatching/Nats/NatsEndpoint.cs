using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching.Nats;
using NATS.Client.Core;
using NATS.NKeys;

namespace Chronos.Actors.Dispatching.Nats;

/// <summary>Where a connection leads and as whom; two attempts that agree in all of it share one.</summary>
internal sealed record NatsEndpoint(string Url, NatsAuthOpts Auth, BrokerTls? Tls, string InboxPrefix)
{
    public string Identity { get; } = BrokerTls.Identity(
        Url, InboxPrefix, Tls?.Identity(), Auth.Token, Auth.Username, Auth.Password, Auth.Seed, Auth.Jwt, Auth.NKey, Auth.Creds);

    /// <exception cref="RequestFaultException">A secret is missing or is not what it should be; the message does not hold it.</exception>
    public static NatsEndpoint Resolve(NatsSection section, AttemptSecrets secrets) =>
        new(section.Url, Resolve(section.Auth, secrets), BrokerTls.Resolve(section.Tls, secrets), section.InboxPrefix);

    private static NatsAuthOpts Resolve(NatsAuth? auth, AttemptSecrets secrets)
    {
        switch (auth)
        {
            case NatsAuth.Token token:
                return new NatsAuthOpts { Token = secrets.Get(token.Value.Name) };
            case NatsAuth.User user:
                return new NatsAuthOpts { Username = user.Name, Password = secrets.Get(user.Password.Name) };
            case NatsAuth.Nkey nkey:
                var seed = secrets.Get(nkey.Seed.Name).Trim();
                return new NatsAuthOpts { Seed = seed, NKey = PublicKey(seed, nkey.Seed.Name) };
            case NatsAuth.Jwt jwt:
                var key = secrets.Get(jwt.Seed.Name).Trim();
                PublicKey(key, jwt.Seed.Name);
                return new NatsAuthOpts { Jwt = secrets.Get(jwt.Value.Name).Trim(), Seed = key };
            case NatsAuth.Credentials credentials:
                return FromFile(secrets.Get(credentials.Text.Name), credentials.Text.Name, secrets);
            default:
                return NatsAuthOpts.Default;
        }
    }

    /// <summary>The parts of a credentials file, each masked by itself.</summary>
    private static NatsAuthOpts FromFile(string text, string name, AttemptSecrets secrets)
    {
        var jwt = Between(text, "NATS USER JWT");
        var seed = Between(text, "USER NKEY SEED");
        if (jwt is null || seed is null)
        {
            throw new RequestFaultException($"the secret '{name}' is no credentials file of NATS");
        }

        secrets.Hide(jwt);
        secrets.Hide(seed);
        PublicKey(seed, name);
        return new NatsAuthOpts { Jwt = jwt, Seed = seed };
    }

    private static string? Between(string text, string block)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries);
        var begin = Array.FindIndex(lines, line => line.StartsWith("-----BEGIN " + block, StringComparison.Ordinal));
        return begin < 0 ? null : lines.Skip(begin + 1).FirstOrDefault(line => line.Length > 0 && !line.StartsWith('-'));
    }

    private static string PublicKey(string seed, string name)
    {
        try
        {
            using var pair = KeyPair.FromSeed(seed);
            return pair.GetPublicKey();
        }
        catch (FormatException)
        {
            throw new RequestFaultException($"the secret '{name}' is no seed of an nkey");
        }
    }
}
