using Chronos.Core.Dispatching.Templates;

namespace Chronos.Core.Dispatching;

/// <summary>Reads the address of a broker: <c>scheme://host:port</c>. Credentials never stand in it.</summary>
internal static class BrokerUrl
{
    /// <summary>What is wrong with an address, or null.</summary>
    /// <param name="schemes">Allowed schemes, the one of an example first.</param>
    public static string? Fault(string url, IReadOnlyList<string> schemes)
    {
        if (url.Length > 512 || TemplateText.IsTemplate(url) || url.Any(static c => char.IsControl(c) || char.IsWhiteSpace(c)))
        {
            return "is one address of at most 512 characters, with no space and no template in it";
        }

        if (url.Contains('@', StringComparison.Ordinal))
        {
            return "holds a user name or a password; use auth with {\"secret\": \"name\"}";
        }

        return !Uri.TryCreate(url, UriKind.Absolute, out var uri) || !schemes.Contains(uri.Scheme) || uri.Host.Length == 0 || uri.Port == 0
            || !url.StartsWith(uri.Scheme + "://", StringComparison.OrdinalIgnoreCase) || uri.Query.Length > 0 || uri.Fragment.Length > 0
            ? $"is not an address such as {schemes[0]}://broker.example.com; it begins with {string.Join(" or ", schemes.Select(s => s + "://"))}"
            : null;
    }
}
