using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Chronos.Core.Jobs;
using Chronos.Core.Wire;
using Chronos.Host.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Chronos.Tests.Kit;

/// <summary>
/// A node of a build that comes after this one: its wire catalog has an added field in an event, in the job documents within and in the batches
/// of timetables, and an added type of event. It runs in a process of its own, which is this test program again; no host of the product can be told to.
/// </summary>
public sealed class LaterBuild
{
    /// <summary>The event that this build does not know. The later one reads the earlier manifest as well.</summary>
    public const string AddedManifest = "job.switched.2";

    private const string Arguments = "LATER_BUILD_ARGUMENTS";
    private const string KnownManifest = "job.switched.1";

    [Fact(Explicit = true)]
    public async Task Serve()
    {
        var given = Environment.GetEnvironmentVariable(Arguments) ?? throw new InvalidOperationException($"{Arguments} is not set");
        var settings = ChronosSettingsReader.Read(CommandLine.Parse(JsonSerializer.Deserialize<string[]>(given)!), Environment.GetEnvironmentVariables(), []);
        using var folder = DataFolder.Claim(settings.Data);
        await using var app = ChronosApplication.Build(settings, TimeProvider.System, services => services.Replace(ServiceDescriptor.Singleton(Catalog())));
        await app.StartAsync(CancellationToken.None);
        await app.WaitForShutdownAsync(CancellationToken.None);
    }

    /// <summary>How such a node is started with the arguments of a host.</summary>
    internal static ProcessStartInfo Start(string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(LaterBuild).Assembly.Location);
        }

        foreach (var argument in new[] { "--explicit", "on", "--filter-method", $"{typeof(LaterBuild).FullName}.{nameof(Serve)}", "--results-directory", Path.GetTempPath(), "--show-live-output", "on" })
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[Arguments] = JsonSerializer.Serialize(arguments);
        return start;
    }

    private static WireCatalog Catalog() => new(ChronosServices.Catalog.Rows.SelectMany(row => row.Manifest switch
    {
        KnownManifest => [row with { Manifest = AddedManifest }, row with { Type = typeof(EarlierSwitched) }],
        "job.created.1" => [Changed<JobEvents.Created>(row, json =>
        {
            json["added_later"] = new JsonObject { ["x"] = 1 };
            json["definition"]!["color"] = "red";
        })],
        "timetable.batch.1" => [Changed<TimetableBatch>(row, json =>
        {
            json["added_later"] = true;
            json["l"] = WireLevel.Current + 1;
        })],
        _ => (WireRow[])[row],
    }));

    private static WireRow Changed<T>(WireRow row, Action<JsonObject> change)
        where T : class
    {
        var options = new JsonSerializerOptions { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
        options.Converters.Add(new LaterConverter<T>((JsonTypeInfo<T>)row.Json, change));
        return row with { Json = options.GetTypeInfo(typeof(T)) };
    }

    /// <summary>Only a name under which the catalog keeps the row that reads the earlier manifest.</summary>
    private sealed record EarlierSwitched : IWireMessage;

    private sealed class LaterConverter<T>(JsonTypeInfo<T> earlier, Action<JsonObject> change) : JsonConverter<T>
        where T : class
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => JsonSerializer.Deserialize(ref reader, earlier)!;

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        {
            var json = JsonSerializer.SerializeToNode(value, earlier)!.AsObject();
            change(json);
            json.WriteTo(writer);
        }
    }
}
