using System.Text.Json;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.RabbitMq;

/// <summary>How a job proves itself to RabbitMQ. Holds names of secrets, never values. Absent: the user guest, which a broker accepts from its own host only.</summary>
public abstract record RabbitAuth
{
    /// <summary>A user name and a password.</summary>
    public sealed record Plain(string Username, SecretRef Password) : RabbitAuth;

    /// <summary>The client's certificate, which <c>tls</c> names.</summary>
    public sealed record External : RabbitAuth;

    internal static RabbitAuth? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        if (SectionObject.Open(value, path, violations) is not { } auth)
        {
            return null;
        }

        switch (auth.TakeRequiredString("type"))
        {
            case null:
                return null;
            case "plain":
                var username = auth.TakeRequiredString("username");
                var password = auth.TakeSecret("password");
                if (username is not null && (username.Length is 0 or > 255 || username.Any(char.IsControl) || TemplateText.IsTemplate(username)))
                {
                    auth.Fault("username", "a user name has 1 to 255 characters and no template");
                }

                auth.Close("type, username, password");
                return username is not null && password is { } p ? new Plain(username, p) : null;
            case "external":
                auth.Close("type");
                return new External();
            default:
                auth.Fault("type", "is one of plain, external");
                return null;
        }
    }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("auth");
        if (this is Plain plain)
        {
            writer.WriteString("type", "plain");
            writer.WriteString("username", plain.Username);
            plain.Password.Write(writer, "password");
        }
        else
        {
            writer.WriteString("type", "external");
        }

        writer.WriteEndObject();
    }
}
