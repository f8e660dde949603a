using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Chronos.Core.Jobs;

/// <summary>Writes documents as YAML that reads back as the same JSON: a string that could be taken for something else is quoted.</summary>
public static class JobDocumentYamlWriter
{
    /// <summary>One YAML document per element, separated by <c>---</c>.</summary>
    public static void Write(TextWriter output, IEnumerable<JsonElement> documents)
    {
        var emitter = new Emitter(output, new EmitterSettings(2, int.MaxValue, false, 1024, false, true, "\n", false));
        emitter.Emit(new StreamStart());
        var first = true;
        foreach (var document in documents)
        {
            emitter.Emit(new DocumentStart(null, null, isImplicit: first));
            first = false;
            Write(emitter, document);
            emitter.Emit(new DocumentEnd(isImplicit: true));
        }

        emitter.Emit(new StreamEnd());
    }

    private static void Write(Emitter emitter, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var members = value.EnumerateObject().ToList();
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, true, members.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var member in members)
                {
                    WriteText(emitter, member.Name);
                    Write(emitter, member.Value);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonValueKind.Array:
                var plain = value.EnumerateArray().All(e => e.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array));
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, true, plain ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var element in value.EnumerateArray())
                {
                    Write(emitter, element);
                }

                emitter.Emit(new SequenceEnd());
                break;
            case JsonValueKind.String:
                WriteText(emitter, value.GetString()!);
                break;
            default:
                emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, value.GetRawText(), ScalarStyle.Plain, true, false));
                break;
        }
    }

    private static void WriteText(Emitter emitter, string text)
    {
        // Block styles would lose some line ends and trailing spaces; they are used only where they keep the text as it is.
        // A text that begins like an indicator is written plain by the emitter and not read back where it is the first name in a list.
        var style = JobDocumentYaml.NeedsQuotes(text) || text[0] is ':' or '?' or '-' || text.Any(c => c is '\r' or '\t' or '\u0085' or '\u2028' or '\u2029' || char.IsControl(c) && c != '\n')
            ? ScalarStyle.DoubleQuoted
            : text.Contains('\n', StringComparison.Ordinal)
                ? IsBlock(text) ? ScalarStyle.Literal : ScalarStyle.DoubleQuoted
                : ScalarStyle.Any;
        emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, text, style, true, true));
    }

    private static bool IsBlock(string text) =>
        text[0] is not (' ' or '\n') && !text.Contains(" \n", StringComparison.Ordinal) && !text.EndsWith("\n\n", StringComparison.Ordinal) && text[^1] != ' ';
}
