using System.Globalization;
using System.Text.Json;

namespace Chronos.Core.Dispatching.Limits;

/// <summary>
/// What a target is called, before anything is rendered: <c>https://host:443</c>, <c>nats://host:4222</c>, <c>kafka://a:9092,b:9092</c>.
/// Limits, shares and circuits are kept by it.
/// </summary>
/// <remarks>An address whose host is a template is one target under the template's own text.</remarks>
public static class TargetName
{
    private const int MaxLength = 300;

    /// <summary>Names that were made last, so that the jobs of a target share its name. Bounded: a slot holds the last that hashed to it.</summary>
    private static readonly string?[] Shared = new string?[1 << 10];

    public static string Of(DispatchTarget target) => target.Name;

    /// <summary>The name of one place; an IPv6 address stands in brackets, as in a URL.</summary>
    public static string Place(string scheme, string host, int port)
    {
        var bare = host.Trim('[', ']');
        var shown = bare.Contains(':', StringComparison.Ordinal) ? $"[{bare}]" : bare;
        return string.Create(CultureInfo.InvariantCulture, $"{scheme}://{shown}:{port}");
    }

    internal static string Make(DispatchTarget target)
    {
        var name = Cut(Read(target));
        ref var slot = ref Shared[name.GetHashCode(StringComparison.Ordinal) & (Shared.Length - 1)];
        return slot is { } known && known == name ? known : slot = name;
    }

    private static string Read(DispatchTarget target)
    {
        try
        {
            using var section = JsonDocument.Parse(target.Section);
            return target.Protocol switch
            {
                Protocol.Http => OfUrl(Text(section, "url"), null, 0),
                Protocol.Grpc => OfUrl(Text(section, "target"), null, 0),
                Protocol.Nats => OfUrl(Text(section, "url").Split(',')[0], "nats", 4222),
                Protocol.Rabbitmq => OfUrl(Text(section, "url"), null, Text(section, "url").StartsWith("amqps", StringComparison.OrdinalIgnoreCase) ? 5671 : 5672),
                Protocol.Kafka => "kafka://" + string.Join(',', section.RootElement.GetProperty("brokers").EnumerateArray().Select(b => b.GetString())),
                _ => Fallback(target),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return Fallback(target);
        }
    }

    private static string Fallback(DispatchTarget target) => target.Protocol.ToString().ToLowerInvariant();

    private static string Text(JsonDocument section, string name) => section.RootElement.GetProperty(name).GetString() ?? "";

    private static string OfUrl(string url, string? scheme, int port)
    {
        var origin = Origin(url);
        return !origin.Contains('{', StringComparison.Ordinal) && Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            ? Place(scheme ?? uri.Scheme, uri.IdnHost, uri.Port > 0 ? uri.Port : port)
            : origin;
    }

    /// <summary>Scheme and authority; a slash inside a template is none.</summary>
    internal static string Origin(string url)
    {
        var start = url.IndexOf("://", StringComparison.Ordinal);
        var depth = 0;
        for (var i = start < 0 ? 0 : start + 3; i < url.Length; i++)
        {
            depth += url[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth <= 0 && (url[i] is '/' or '?' or '#'))
            {
                return url[..i];
            }
        }

        return url;
    }

    private static string Cut(string name) => name.Length <= MaxLength ? name : name[..MaxLength];
}
