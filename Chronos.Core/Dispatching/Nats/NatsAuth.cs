using System.Text.Json;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Nats;

/// <summary>How a job proves itself to a NATS server. Holds names of secrets, never values.</summary>
public abstract record NatsAuth
{
    /// <summary>A token that the server knows.</summary>
    public sealed record Token(SecretRef Value) : NatsAuth;

    /// <summary>A user name and a password.</summary>
    public sealed record User(string Name, SecretRef Password) : NatsAuth;

    /// <summary>The seed of a user's nkey (<c>SU…</c>); the server knows the public key.</summary>
    public sealed record Nkey(SecretRef Seed) : NatsAuth;

    /// <summary>A user's JWT and the seed that it was made for.</summary>
    public sealed record Jwt(SecretRef Value, SecretRef Seed) : NatsAuth;

    /// <summary>The text of a credentials file, which holds both.</summary>
    public sealed record Credentials(SecretRef Text) : NatsAuth;

    internal static NatsAuth? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        if (SectionObject.Open(value, path, violations) is not { } auth)
        {
            return null;
        }

        switch (auth.TakeRequiredString("type"))
        {
            case null:
                return null;
            case "token":
                var token = auth.TakeSecret("token");
                auth.Close("type, token");
                return token is { } t ? new Token(t) : null;
            case "user":
                var name = auth.TakeRequiredString("username");
                var password = auth.TakeSecret("password");
                if (name is not null && (name.Length is 0 or > 256 || name.Any(char.IsControl) || TemplateText.IsTemplate(name)))
                {
                    auth.Fault("username", "a user name has 1 to 256 characters and no template");
                }

                auth.Close("type, username, password");
                return name is not null && password is { } p ? new User(name, p) : null;
            case "nkey":
                var seed = auth.TakeSecret("seed");
                auth.Close("type, seed");
                return seed is { } s ? new Nkey(s) : null;
            case "jwt":
                var (jwt, key) = (auth.TakeSecret("jwt"), auth.TakeSecret("seed"));
                auth.Close("type, jwt, seed");
                return jwt is { } j && key is { } k ? new Jwt(j, k) : null;
            case "credentials":
                var credentials = auth.TakeSecret("credentials");
                auth.Close("type, credentials");
                return credentials is { } c ? new Credentials(c) : null;
            default:
                auth.Fault("type", "is one of token, user, nkey, jwt, credentials");
                return null;
        }
    }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("auth");
        switch (this)
        {
            case Token token:
                writer.WriteString("type", "token");
                token.Value.Write(writer, "token");
                break;
            case User user:
                writer.WriteString("type", "user");
                writer.WriteString("username", user.Name);
                user.Password.Write(writer, "password");
                break;
            case Nkey nkey:
                writer.WriteString("type", "nkey");
                nkey.Seed.Write(writer, "seed");
                break;
            case Jwt jwt:
                writer.WriteString("type", "jwt");
                jwt.Value.Write(writer, "jwt");
                jwt.Seed.Write(writer, "seed");
                break;
            case Credentials credentials:
                writer.WriteString("type", "credentials");
                credentials.Text.Write(writer, "credentials");
                break;
        }

        writer.WriteEndObject();
    }
}
