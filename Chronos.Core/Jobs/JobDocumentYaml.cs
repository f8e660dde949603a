using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Chronos.Core.Jobs;

/// <summary>
/// YAML as JSON, under the core schema of YAML 1.2: <c>yes</c>, <c>no</c>, <c>on</c> and times stay strings, and so does everything quoted.
/// </summary>
/// <remarks>Aliases are expanded under a budget: ten lines of nested aliases can ask for gigabytes.</remarks>
internal sealed partial class JobDocumentYaml
{
    private const int MaxExpandedBytes = 4 * 1024 * 1024;

    private readonly Parser _parser;
    private readonly Dictionary<AnchorName, ReadOnlyMemory<byte>> _anchors = [];
    private int _expanded;

    private JobDocumentYaml(string text) => _parser = new Parser(new StringReader(text));

    public static JobDocumentFile Read(string text)
    {
        try
        {
            return JobDocumentFile.Of(new JobDocumentYaml(text).ReadAll());
        }
        catch (YamlException e)
        {
            return JobDocumentFile.Broken($"line {e.Start.Line}, column {e.Start.Column}: {e.Message}");
        }
        catch (Exception e) when (e is JsonException or ArgumentException or FormatException or OverflowException or InvalidOperationException)
        {
            // What the YAML reader lets through and JSON cannot hold: halves of surrogate pairs, escapes beyond Unicode, too deep aliases.
            return JobDocumentFile.Broken($"no text that JSON could hold: {e.Message}");
        }
    }

    private ImmutableArray<JsonElement> ReadAll()
    {
        var documents = ImmutableArray.CreateBuilder<JsonElement>();
        while (_parser.MoveNext())
        {
            if (_parser.Current is not DocumentStart)
            {
                continue;
            }

            _anchors.Clear();
            _parser.MoveNext();
            using var document = JsonDocument.Parse(Node(0));
            var root = document.RootElement.Clone();
            if (root.ValueKind == JsonValueKind.Array)
            {
                documents.AddRange(root.EnumerateArray());
            }
            else if (root.ValueKind != JsonValueKind.Null)
            {
                documents.Add(root);
            }
        }

        return documents.ToImmutable();
    }

    private ReadOnlyMemory<byte> Node(int depth)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, depth);
        }

        return buffer.WrittenMemory;
    }

    /// <summary>Writes the node at the current event, and leaves the parser at the node's last event.</summary>
    private void Write(Utf8JsonWriter writer, int depth)
    {
        var current = _parser.Current!;
        if (depth > JobDocumentLimits.MaxDepth)
        {
            throw Fault(current, $"nested deeper than {JobDocumentLimits.MaxDepth} levels");
        }

        if (current is AnchorAlias alias)
        {
            writer.WriteRawValue(Expand(alias).Span, skipInputValidation: true);
        }
        else if (current is NodeEvent { Anchor: { IsEmpty: false } anchor })
        {
            var buffer = new ArrayBufferWriter<byte>();
            using (var inner = new Utf8JsonWriter(buffer))
            {
                WriteContent(inner, current, depth);
            }

            _anchors[anchor] = buffer.WrittenMemory;
            writer.WriteRawValue(buffer.WrittenSpan, skipInputValidation: true);
        }
        else
        {
            WriteContent(writer, current, depth);
        }
    }

    private void WriteContent(Utf8JsonWriter writer, ParsingEvent current, int depth)
    {
        switch (current)
        {
            case Scalar scalar:
                WriteScalar(writer, scalar);
                break;
            case SequenceStart:
                writer.WriteStartArray();
                while (_parser.MoveNext() && _parser.Current is not SequenceEnd)
                {
                    Write(writer, depth + 1);
                }

                writer.WriteEndArray();
                break;
            case MappingStart:
                WriteMapping(writer, depth);
                break;
            default:
                throw Fault(current, "something else than a value");
        }
    }

    private void WriteMapping(Utf8JsonWriter writer, int depth)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        writer.WriteStartObject();
        while (_parser.MoveNext() && _parser.Current is not MappingEnd)
        {
            if (_parser.Current is not Scalar key)
            {
                throw Fault(_parser.Current!, "a name must be plain text");
            }

            if (!names.Add(key.Value))
            {
                throw Fault(key, $"'{key.Value}' is given twice");
            }

            writer.WritePropertyName(key.Value);
            _parser.MoveNext();
            Write(writer, depth + 1);
        }

        writer.WriteEndObject();
    }

    private ReadOnlyMemory<byte> Expand(AnchorAlias alias)
    {
        if (!_anchors.TryGetValue(alias.Value, out var value))
        {
            throw Fault(alias, $"nothing is anchored as '{alias.Value}' (a cron expression that begins with * needs quotes)");
        }

        _expanded += value.Length;
        return _expanded <= MaxExpandedBytes ? value : throw Fault(alias, "aliases expand to more than 4 MB");
    }

    private static void WriteScalar(Utf8JsonWriter writer, Scalar scalar)
    {
        var text = scalar.Value;
        var tagged = !scalar.Tag.IsEmpty && !scalar.Tag.IsNonSpecific;
        if (tagged && scalar.Tag.Value != "tag:yaml.org,2002:str")
        {
            throw Fault(scalar, $"the tag {scalar.Tag.Value} is not supported");
        }

        if (tagged || scalar.Style != ScalarStyle.Plain)
        {
            writer.WriteStringValue(text);
            return;
        }

        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                writer.WriteNullValue();
                break;
            case "true" or "True" or "TRUE":
                writer.WriteBooleanValue(true);
                break;
            case "false" or "False" or "FALSE":
                writer.WriteBooleanValue(false);
                break;
            default:
                WriteNumberOrText(writer, scalar, text);
                break;
        }
    }

    private static void WriteNumberOrText(Utf8JsonWriter writer, Scalar scalar, string text)
    {
        if (JsonNumber().IsMatch(text))
        {
            writer.WriteRawValue(text, skipInputValidation: true);
        }
        else if (YamlNumber().IsMatch(text))
        {
            writer.WriteNumberValue(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture));
        }
        else if (OtherBase().Match(text) is { Success: true } match)
        {
            writer.WriteNumberValue(Convert.ToInt64(match.Groups[2].Value, match.Groups[1].Value == "x" ? 16 : 8));
        }
        else if (NoNumber().IsMatch(text))
        {
            throw Fault(scalar, $"{text} is no number that JSON could hold");
        }
        else
        {
            writer.WriteStringValue(text);
        }
    }

    /// <summary>True when the text would be read as something else than a string if it were not quoted (also by readers of YAML 1.1).</summary>
    internal static bool NeedsQuotes(string text) =>
        text is "" or "~" or "<<" or "="
        || text.ToUpperInvariant() is "NULL" or "TRUE" or "FALSE" or "YES" or "NO" or "ON" or "OFF" or "Y" or "N"
        || JsonNumber().IsMatch(text) || YamlNumber().IsMatch(text) || OtherBase().IsMatch(text) || NoNumber().IsMatch(text) || LooksLikeNumberOrTime().IsMatch(text);

    private static YamlException Fault(ParsingEvent at, string message) => new(at.Start, at.End, message);

    [GeneratedRegex(@"\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex JsonNumber();

    [GeneratedRegex(@"\A[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex YamlNumber();

    [GeneratedRegex(@"\A0([xo])([0-9a-fA-F]+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex OtherBase();

    [GeneratedRegex(@"\A([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z", RegexOptions.CultureInvariant)]
    private static partial Regex NoNumber();

    [GeneratedRegex(@"\A[-+]?[0-9][0-9_:.,T Z+-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex LooksLikeNumberOrTime();
}
