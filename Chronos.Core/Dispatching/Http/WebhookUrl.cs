using System.Text.RegularExpressions;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Dispatching.Templates;

namespace Chronos.Core.Dispatching.Http;

/// <summary>Which addresses a webhook may name; asked of the document and again of the address that a template made.</summary>
public static partial class WebhookUrl
{
    /// <summary>What is wrong with an address, or null. A template in it stands for any text.</summary>
    public static string? Fault(string url)
    {
        if (MakesHost(url) && TargetName.Origin(url) is var origin && (TemplateGrammar.Mentions(origin, "secrets") || TemplateGrammar.Mentions(origin, "callback")))
        {
            return "has a secret in its host, which targets, metrics and errors show; put it into the path, the query or a header";
        }

        var sample = TemplateText.IsTemplate(url) ? Expressions().Replace(url, "1") : url;
        if (sample.Any(static c => char.IsControl(c) || char.IsWhiteSpace(c)))
        {
            return "has a space or a control character in it";
        }

        if (!sample.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !sample.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            return "begins with http:// or https://";
        }

        if (sample.Contains('\\', StringComparison.Ordinal) || !Uri.TryCreate(sample, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
        {
            return "is not an address, such as https://example.com/path";
        }

        // Also what a lenient reader of addresses would take for one: everything up to the path.
        var authority = sample[(sample.IndexOf("://", StringComparison.Ordinal) + 3)..].Split('/', '?', '#')[0];
        return uri.UserInfo.Length > 0 || authority.Contains('@', StringComparison.Ordinal)
            ? "holds a user name or a password; use auth with {\"secret\": \"name\"}"
            : null;
    }

    /// <summary>Whether a template has a part in the host.</summary>
    public static bool MakesHost(string url) => TemplateText.IsTemplate(url) && TargetName.Origin(url).Contains('{', StringComparison.Ordinal);

    [GeneratedRegex(@"\{\{.*?\}\}|\{%.*?%\}", RegexOptions.Singleline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Expressions();
}
