using System.Text.RegularExpressions;
using Chronos.Core.Dispatching.Templates;

namespace Chronos.Core.Dispatching.Nats;

/// <summary>Which subjects a message may be sent to; asked of the document and again of what a template made.</summary>
public static partial class NatsSubject
{
    private const int Longest = 1024;

    /// <summary>What is wrong with a subject, or null. A template in it stands for any text.</summary>
    public static string? Fault(string subject)
    {
        var sample = TemplateText.IsTemplate(subject) ? Expressions().Replace(subject, "x") : subject;
        return sample.Length is 0 or > Longest || sample.Any(static c => char.IsWhiteSpace(c) || char.IsControl(c)) || sample.Split('.').Any(token => token.Length == 0)
            ? $"is a subject such as orders.created: words with dots between them, no space, at most {Longest} characters"
            : sample.Split('.').Any(static token => token is "*" or ">")
                ? "has a wildcard, which nothing can be sent to"
                : sample[0] == '$' || sample.StartsWith("_INBOX.", StringComparison.Ordinal)
                    ? "belongs to the server itself ($…, _INBOX.…)"
                    : null;
    }

    [GeneratedRegex(@"\{\{.*?\}\}|\{%.*?%\}", RegexOptions.Singleline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Expressions();
}
