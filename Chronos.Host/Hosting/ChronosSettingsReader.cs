using System.Collections;
using System.Text.Json;
using Chronos.Actors.Kernel;

namespace Chronos.Host.Hosting;

/// <summary>What is wrong with the command line or the configuration, for one line on standard error. The process ends with code 2.</summary>
public sealed class WrongUsageException(string message) : Exception(message);

/// <summary>
/// Reads the settings: <c>appsettings.json</c> (section <c>Chronos</c>), then the environment (<c>CHRONOS_…</c>), then the command line; the later wins.
/// A key that is unknown or wrong stops the process with its name: a typing error must not become a default.
/// </summary>
public static class ChronosSettingsReader
{
    private const string Prefix = "CHRONOS_";

    /// <summary>Keys that share the prefix and belong to others: the CLI's own, and secrets by name.</summary>
    private static readonly string[] Foreign = ["SERVER", "API_KEY", "API_KEY_FILE", "CA"];

    public static ChronosSettings Read(CommandLine line, IDictionary environment, IReadOnlyList<string> files)
    {
        // Dev jobs call the developer's own machine.
        var settings = new ChronosSettings { Mode = line.Mode, AllowPrivateTargets = line.Mode == HostMode.Dev };
        foreach (var file in files.Where(File.Exists))
        {
            settings = ReadFile(settings, file);
        }

        foreach (var key in environment.Keys.OfType<string>().Where(k => k.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var name = key[Prefix.Length..];
            if (!Foreign.Contains(name) && !name.StartsWith("SECRET_", StringComparison.Ordinal))
            {
                settings = Apply(settings, name, (string?)environment[key] ?? "", key);
            }
        }

        foreach (var (name, value) in line.Keys)
        {
            settings = Apply(settings, name, value, $"--{name.ToLowerInvariant().Replace('_', '-')}");
        }

        settings = settings with
        {
            Demo = line.Demo,
            Data = line.Data is { } data ? Path.GetFullPath(data) : settings.Data,
            HttpUrl = line.Port is { } port ? new UriBuilder(settings.HttpUrl) { Port = port }.Uri : settings.HttpUrl,
        };
        Check(settings);
        return settings;
    }

    private static void Check(ChronosSettings settings)
    {
        CheckStore(settings);
        TlsSettings.Check(settings);
        if (settings.ListensOnLoopback)
        {
            return;
        }

        if (settings.Mode == HostMode.Dev)
        {
            throw new WrongUsageException($"CHRONOS_HTTP_URL: dev mode listens on loopback only, not on {settings.HttpUrl.Host}");
        }

        if (settings.AdminKey is null)
        {
            throw new WrongUsageException(
                $"CHRONOS_ADMIN_KEY: listening on {settings.HttpUrl.Host}, beyond loopback, needs an administrator's key (CHRONOS_ADMIN_KEY or CHRONOS_ADMIN_KEY_FILE)");
        }
    }

    private static void CheckStore(ChronosSettings settings)
    {
        if (settings is { Store: StoreKind.Postgres, Postgres: null })
        {
            throw new WrongUsageException("CHRONOS_POSTGRES: CHRONOS_STORE=postgres needs a connection string (CHRONOS_POSTGRES or CHRONOS_POSTGRES_FILE)");
        }

        if (settings is { Store: StoreKind.Sqlite, Postgres: not null })
        {
            throw new WrongUsageException("CHRONOS_STORE: there is a connection string in CHRONOS_POSTGRES, but the store is sqlite; set CHRONOS_STORE=postgres or take it away");
        }

        if (settings is { Store: StoreKind.Sqlite, ClusterArbiter: ClusterArbiter.Lease })
        {
            throw new WrongUsageException("CHRONOS_CLUSTER_ARBITER: a lease is a row in the database of the nodes, so it needs CHRONOS_STORE=postgres");
        }

        ClusterFormation.Check(settings);
    }

    private static ChronosSettings ReadFile(ChronosSettings settings, string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("Chronos", out var section))
            {
                return settings;
            }

            return section.EnumerateObject().Aggregate(settings, (current, member) =>
                Apply(current, Normalize(member.Name), member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText(), $"{file}: {member.Name}"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new WrongUsageException($"{file}: {e.Message}");
        }
    }

    internal static string Normalize(string name)
    {
        var plain = name.Replace('-', '_').ToUpperInvariant();
        return plain.StartsWith(Prefix, StringComparison.Ordinal) ? plain[Prefix.Length..] : plain;
    }

    private static ChronosSettings Apply(ChronosSettings settings, string name, string text, string shownAs)
    {
        var key = SettingKey.Find(name)
            ?? throw new WrongUsageException($"{shownAs}: there is no such configuration key; known are {string.Join(", ", SettingKey.All.Select(k => Prefix + k.Name))}");
        return key.Read(settings, text, out var wrong) ?? throw new WrongUsageException($"{shownAs}: {wrong}");
    }
}
