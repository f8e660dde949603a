using System.Text.RegularExpressions;
using Chronos.Host.Hosting;

namespace Chronos.Tests.Docker;

/// <summary>What a node makes of the environment that a file of <c>docker/</c> gives it.</summary>
internal static partial class NodeSettings
{
    /// <summary>Reads the settings as the process would, with the secrets that it would find mounted.</summary>
    /// <exception cref="WrongUsageException">The node would not start.</exception>
    public static ChronosSettings Of(IReadOnlyDictionary<string, string> environment, IReadOnlyDictionary<string, string> secrets)
    {
        var folder = Directory.CreateTempSubdirectory("chronos-secrets-");
        try
        {
            foreach (var (name, text) in secrets)
            {
                File.WriteAllText(Path.Combine(folder.FullName, name), text);
            }

            var found = environment.ToDictionary(
                v => v.Key, v => v.Value.StartsWith("/run/secrets/", StringComparison.Ordinal) ? Path.Combine(folder.FullName, Path.GetFileName(v.Value)) : v.Value);

            // As the image sets them.
            found.TryAdd("CHRONOS_DATA", "/var/lib/chronos");
            found.TryAdd("CHRONOS_HTTP_URL", "http://0.0.0.0:8080");
            return ChronosSettingsReader.Read(CommandLine.Parse(["serve"]), found, []);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary><c>${NAME:-default}</c> as it is where nobody sets anything.</summary>
    public static string Defaults(string text) => Variable().Replace(text, v => v.Groups[1].Value);

    [GeneratedRegex(@"\$\{\w+:-([^}]*)\}", RegexOptions.None, 1000)]
    private static partial Regex Variable();
}
