using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Chronos.Cli;

/// <summary>Which node to talk to and as whom.</summary>
/// <param name="KeyOrigin">Where the key came from or was looked for, for the message when it is refused.</param>
internal sealed record ServerSettings(Uri Server, string? Key, string KeyOrigin)
{
    /// <summary>The authorities that a node's certificate is checked against; absent: those of the system.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    public const string DefaultServer = "http://127.0.0.1:8080";

    public static ServerSettings Read(string? serverOption, string? keyOption, string? dataOption, string? caOption, Surroundings around) =>
        Read(serverOption, keyOption, dataOption, around) with { Authorities = ReadAuthorities(caOption, around) };

    public static ServerSettings Read(string? serverOption, string? keyOption, string? dataOption, Surroundings around)
    {
        var server = Address(serverOption ?? NotEmpty(around.Variable("CHRONOS_SERVER")) ?? DefaultServer);
        if (keyOption is not null)
        {
            return new ServerSettings(server, Trimmed(keyOption, "--key"), "--key");
        }

        if (NotEmpty(around.Variable("CHRONOS_API_KEY")) is { } fromVariable)
        {
            return new ServerSettings(server, Trimmed(fromVariable, "CHRONOS_API_KEY"), "CHRONOS_API_KEY");
        }

        if (NotEmpty(around.Variable("CHRONOS_API_KEY_FILE")) is { } named)
        {
            var path = Path.GetFullPath(named, around.Folder);
            var key = ReadKeyFile(path) ?? throw new CliFailure(ExitCode.Denied, $"CHRONOS_API_KEY_FILE: there is no file {path}");
            return new ServerSettings(server, key, $"CHRONOS_API_KEY_FILE ({path})");
        }

        // The dev node's administrator key is for that node. It must not travel to another machine because a folder happens to hold one.
        if (!server.IsLoopback)
        {
            return new ServerSettings(server, null, "no --key and no CHRONOS_API_KEY");
        }

        var file = Path.Combine(Path.GetFullPath(dataOption ?? NotEmpty(around.Variable("CHRONOS_DATA")) ?? "data", around.Folder), "admin.key");
        return new ServerSettings(server, ReadKeyFile(file), file);
    }

    private static Uri Address(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw CliFailure.Usage($"--server: '{text}' is no address; write {DefaultServer}");

    private static X509Certificate2Collection? ReadAuthorities(string? option, Surroundings around)
    {
        var (origin, name) = option is not null ? ("--ca", option) : ("CHRONOS_CA", NotEmpty(around.Variable("CHRONOS_CA")));
        if (name is null)
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(Path.GetFullPath(name, around.Folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            throw CliFailure.Usage($"{origin}: {name} cannot be read: {e.Message}");
        }

        return authorities.Count > 0 ? authorities : throw CliFailure.Usage($"{origin}: there is no PEM certificate in {name}");
    }

    private static string? ReadKeyFile(string file)
    {
        try
        {
            return File.Exists(file) ? Trimmed(File.ReadAllText(file), file) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure(ExitCode.Denied, $"the key file {file} cannot be read: {e.Message}");
        }
    }

    private static string Trimmed(string key, string origin) =>
        key.Trim() is var trimmed && trimmed.All(c => c is > ' ' and < '\u007f')
            ? trimmed
            : throw CliFailure.Usage($"{origin}: a key has no blanks and no letters beyond ASCII");

    private static string? NotEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}
