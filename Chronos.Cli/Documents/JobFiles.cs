using System.Text;
using System.Text.Json;
using Chronos.Core.Jobs;

namespace Chronos.Cli.Documents;

/// <summary>Reads job documents from files, folders and stdin.</summary>
internal static class JobFiles
{
    /// <summary>All documents of these paths: files as given, folders with everything in them that ends in .yaml, .yml or .json, by name.</summary>
    public static async Task<IReadOnlyList<SourceDocument>> AllAsync(Call call, IEnumerable<string> paths)
    {
        var documents = new List<SourceDocument>();
        foreach (var path in paths)
        {
            if (path == "-")
            {
                documents.AddRange(Parse("stdin", await call.Around.In.ReadToEndAsync(call.Cancellation)));
                continue;
            }

            var full = Path.GetFullPath(path, call.Around.Folder);
            if (Directory.Exists(full))
            {
                documents.AddRange(InFolder(full).SelectMany(file => Parse(Path.Combine(path, Path.GetRelativePath(full, file)), Text(call, file))));
            }
            else
            {
                documents.AddRange(Parse(path, Text(call, path)));
            }
        }

        return documents;
    }

    /// <summary>The one document of a file.</summary>
    public static async Task<SourceDocument> OneAsync(Call call, string path)
    {
        var documents = await AllAsync(call, [path]);
        return documents.Count == 1
            ? documents[0]
            : throw new CliFailure(ExitCode.Refused, $"{path} holds {documents.Count} documents where one is expected; 'job apply' takes many");
    }

    /// <summary>A document without what a node adds to it.</summary>
    public static JsonElement Stripped(JsonElement document)
    {
        if (document.ValueKind != JsonValueKind.Object || !document.EnumerateObject().Any(m => ServerMade.Contains(m.Name)))
        {
            return document;
        }

        return JsonText.Object(document.EnumerateObject().Where(m => !ServerMade.Contains(m.Name)));
    }

    public static string Text(Call call, string path)
    {
        try
        {
            return File.ReadAllText(Path.GetFullPath(path, call.Around.Folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliFailure.Usage(e is FileNotFoundException or DirectoryNotFoundException ? $"{path}: no such file" : $"{path}: {e.Message}");
        }
    }

    private static IEnumerable<string> InFolder(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Where(f => Path.GetExtension(f) is ".yaml" or ".yml" or ".json")
        .Order(StringComparer.Ordinal);

    /// <summary>What a node adds to a document. It may stand in a file that 'job get' wrote, and means nothing there.</summary>
    private static readonly string[] ServerMade =
    [
        "job_id", "version", "revision", "state", "pause_reason", "paused_at", "paused_until", "next_at", "created_at", "created_by", "updated_at", "updated_by",
    ];

    private static IEnumerable<SourceDocument> Parse(string path, string text)
    {
        // A JSON text is YAML too, but the JSON reader names the place of a mistake better.
        var file = text.AsSpan().TrimStart() is ['{' or '[', ..] ? JobDocumentFile.ReadJson(Encoding.UTF8.GetBytes(text)) : JobDocumentFile.ReadYaml(text);
        return file.Fault is { } fault
            ? throw new CliFailure(ExitCode.Refused, $"{path}: {fault.Message}")
            : file.Documents.Select((json, i) => new SourceDocument(path, i + 1, Stripped(json)));
    }
}
