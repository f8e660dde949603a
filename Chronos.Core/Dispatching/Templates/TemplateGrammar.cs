using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Chronos.Core.Dispatching.Templates;

/// <summary>What a template may contain, checked on its text before the engine sees it.</summary>
/// <remarks>
/// The engine has tags that reach files or other templates, and a parser that recurses. Both are kept out here, so that the
/// sandbox does not rest on the engine alone. A secret may only be put out as it is (or encoded once): a filter that changes it
/// would get it past the masks.
/// </remarks>
internal static partial class TemplateGrammar
{
    private const int MaxDepth = 16;
    private const int MaxExpression = 1000;
    private const long MaxRange = TemplateText.MaxIterations;

    private static readonly FrozenSet<string> Blocks = FrozenSet.Create(StringComparer.Ordinal, "if", "unless", "case", "for", "comment", "raw");

    private static readonly FrozenSet<string> Tags = FrozenSet.Create(
        StringComparer.Ordinal,
        "if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "for", "endfor", "break", "continue", "assign",
        "comment", "endcomment", "raw", "endraw");

    private static readonly FrozenSet<string> Filters = FrozenSet.Create(
        StringComparer.Ordinal,
        "abs", "append", "at_least", "at_most", "base64_decode", "base64_encode", "capitalize", "ceil", "compact", "date", "default", "divided_by",
        "downcase", "escape", "first", "floor", "join", "json", "last", "lstrip", "map", "minus", "modulo", "plus", "prepend", "remove",
        "replace", "reverse", "round", "rstrip", "size", "slice", "sort", "split", "strip", "strip_newlines", "times", "truncate", "uniq",
        "upcase", "url_decode", "url_encode", "where");

    public static string? Check(string source, out ImmutableArray<string> secrets)
    {
        secrets = [];
        if (source.Length > TemplateText.MaxSource)
        {
            return $"the template is longer than {TemplateText.MaxSource} characters";
        }

        var names = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        var depth = 0;
        foreach (Match part in Parts().Matches(source))
        {
            var markup = part.Groups[2].Value.Trim('-').Trim();
            if (markup.Length > MaxExpression)
            {
                return $"an expression of the template is longer than {MaxExpression} characters";
            }

            // The engine and this check must agree on where an expression ends.
            if (Quoted().Matches(markup).Any(quoted => Braces().IsMatch(quoted.Value)))
            {
                return "text in quotes inside a template may not contain {{, }}, {% or %}";
            }

            var error = part.Groups[1].Value == "{%" ? CheckTag(markup, ref depth) : CheckOutput(markup, names);
            if (error is not null)
            {
                return error;
            }
        }

        secrets = [.. names];
        return null;
    }

    public static bool Mentions(string source, string root) =>
        Parts().Matches(source).Any(part => Words().Matches(Quoted().Replace(part.Groups[2].Value, "''")).Any(word => word.Groups[1].Value == root));

    /// <summary>Whether the text asks if a variable is there: in a condition or before the filter <c>default</c>.</summary>
    public static bool IsOptional(string source, string name) =>
        Regex.IsMatch(source, $@"{Regex.Escape(name)}\s*\|\s*default\b", RegexOptions.None, TemplateText.TimeLimit)
        || Parts().Matches(source).Any(part => Condition().IsMatch(part.Groups[2].Value) && part.Groups[2].Value.Contains(name, StringComparison.Ordinal));

    public static bool Assigns(string source, string name) =>
        Regex.IsMatch(source, $@"\bassign\s+{Regex.Escape(name.Split('.', '[')[0])}\s*=", RegexOptions.None, TemplateText.TimeLimit);

    private static string? CheckTag(string markup, ref int depth)
    {
        var name = Name().Match(markup).Value;
        if (!Tags.Contains(name))
        {
            return name.Length == 0 ? "a tag of the template has no name" : $"the template tag '{Short(name)}' is not available";
        }

        depth += Blocks.Contains(name) ? 1 : name.StartsWith("end", StringComparison.Ordinal) ? -1 : 0;
        if (depth > MaxDepth)
        {
            return $"the template is nested deeper than {MaxDepth}";
        }

        var bare = Quoted().Replace(markup, "''");
        if (Words().Matches(bare).Any(word => word.Groups[1].Value == "secrets"))
        {
            return "secrets can be put out ({{ secrets.name }}), but not be used in a tag";
        }

        if (Words().Matches(bare).Any(word => word.Groups[1].Value == "callback"))
        {
            return "callback can be put out ({{ callback.url }}), but not be used in a tag";
        }

        return CheckRanges(bare) ?? CheckFilters(bare);
    }

    private static string? CheckOutput(string markup, ImmutableSortedSet<string>.Builder names)
    {
        if (markup.Length == 0)
        {
            return "the template has an empty expression {{ }}";
        }

        if (markup[0] == '{')
        {
            return "the template has an expression that begins with {{{";
        }

        var bare = Quoted().Replace(markup, "''");
        if (Words().Matches(bare).Any(word => word.Groups[1].Value == "secrets"))
        {
            var secret = Secret().Match(markup);
            if (!secret.Success)
            {
                return "a secret is written {{ secrets.name }} or {{ secrets[\"name\"] }}, with no filter but url_encode or base64_encode";
            }

            names.Add(secret.Groups["name"].Value);
            return null;
        }

        // The token is a secret of the attempt.
        return Words().Matches(bare).Any(word => word.Groups[1].Value == "callback") && !Callback().IsMatch(markup)
            ? "a callback is written {{ callback.url }} or {{ callback.token }}, with no filter but url_encode or base64_encode"
            : CheckRanges(bare) ?? CheckFilters(bare);
    }

    private static string? CheckRanges(string bare)
    {
        foreach (Match range in Range().Matches(bare))
        {
            if (!long.TryParse(range.Groups[1].Value, out var from) || !long.TryParse(range.Groups[2].Value, out var to) || to - from is > MaxRange or < -MaxRange)
            {
                return $"a range of the template has two numbers that are at most {MaxRange} apart";
            }
        }

        return null;
    }

    private static string? CheckFilters(string bare)
    {
        foreach (Match filter in Filter().Matches(bare))
        {
            if (!Filters.Contains(filter.Groups[1].Value))
            {
                return $"there is no filter '{Short(filter.Groups[1].Value)}'";
            }
        }

        return null;
    }

    private static string Short(string text) => text.Length > 40 ? text[..40] : text;

    [GeneratedRegex(@"(\{\{|\{%)((?:""[^""]*""|'[^']*'|(?!%\}|\}\}).)*)(?:%\}|\}\}|$)", RegexOptions.Singleline, 1000)]
    private static partial Regex Parts();

    [GeneratedRegex(@"""[^""]*""|'[^']*'", RegexOptions.None, 1000)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"(?<![\w.\-])([A-Za-z_][\w\-]*)", RegexOptions.None, 1000)]
    private static partial Regex Words();

    [GeneratedRegex(@"\{\{|\}\}|\{%|%\}", RegexOptions.None, 1000)]
    private static partial Regex Braces();

    [GeneratedRegex(@"^\w+", RegexOptions.None, 1000)]
    private static partial Regex Name();

    [GeneratedRegex(@"\|\s*([^\s:|]*)", RegexOptions.None, 1000)]
    private static partial Regex Filter();

    [GeneratedRegex(@"\(\s*([^().]*(?:\.[^().]+)*?)\s*\.\.+\s*([^()]*)\)", RegexOptions.None, 1000)]
    private static partial Regex Range();

    [GeneratedRegex(@"^\s*-?\s*(?:if|elsif|unless|case)\b", RegexOptions.None, 1000)]
    private static partial Regex Condition();

    [GeneratedRegex(@"^callback\.(?:url|token)\s*(?:\|\s*(?:url_encode|base64_encode)\s*)?$", RegexOptions.None, 1000)]
    private static partial Regex Callback();

    [GeneratedRegex(@"^secrets(?:\.(?<name>[A-Za-z0-9_][A-Za-z0-9_\-]{0,63})|\[(['""])(?<name>[A-Za-z0-9_][A-Za-z0-9_.\-]{0,63})\1\])\s*(?:\|\s*(?:url_encode|base64_encode)\s*)?$", RegexOptions.None, 1000)]
    private static partial Regex Secret();
}
