using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Core.Kernel;
using DotLiquid;

namespace Chronos.Core.Dispatching.Templates;

/// <summary>The variables of one attempt: <c>job</c>, <c>execution</c>, <c>payload</c>, <c>secrets</c>, and <c>callback</c> where the target is to report the end.</summary>
public sealed class TemplateScope
{
    private readonly Func<Hash> _make;

    private TemplateScope(Func<Hash> make) => _make = make;

    /// <summary>Fresh for each run: a template may assign.</summary>
    internal Hash Variables => _make();

    /// <summary>The values of an attempt. <paramref name="secrets"/> holds only what the job may use.</summary>
    /// <param name="payload">The payload as it will be sent, JSON text; absent where the template is itself part of the payload.</param>
    public static TemplateScope For(AttemptRequest request, string? payload, IReadOnlyDictionary<string, string> secrets)
    {
        var value = new Lazy<object?>(() => payload is null ? null : Json(payload));
        return new TemplateScope(() =>
        {
            var variables = new Hash
            {
                ["job"] = new Hash { ["id"] = request.Job.Value, ["name"] = request.JobName, ["tags"] = Map(request.Tags) },
                ["execution"] = new Hash
                {
                    ["id"] = request.Execution.Value,
                    ["scheduled_at"] = Rfc3339.Format(request.ScheduledAt),
                    ["attempt"] = (long)request.Attempt,
                },
                ["secrets"] = Map(secrets),
            };
            if (payload is not null)
            {
                variables["payload"] = value.Value;
            }

            if (request.Callback is { } ticket)
            {
                variables["callback"] = ticket.Url is { } url
                    ? new Hash { ["token"] = ticket.Token.Text, ["url"] = url.AbsoluteUri }
                    : new Hash { ["token"] = ticket.Token.Text };
            }

            return variables;
        });
    }

    /// <summary>Stands in for the values of an attempt when a template is validated.</summary>
    internal static TemplateScope Trial(ImmutableArray<string> secrets) => new(() => new Hash
    {
        ["job"] = new Hash { ["id"] = "0000000000000000", ["name"] = "job", ["tags"] = new Anything() },
        ["execution"] = new Hash { ["id"] = "0000000000000000@2000-01-01T00:00:00Z", ["scheduled_at"] = "2000-01-01T00:00:00Z", ["attempt"] = 1L },
        ["payload"] = new Anything(),
        ["callback"] = new Hash { ["token"] = "token", ["url"] = "http://node/" },
        ["secrets"] = Map(secrets.Select(name => KeyValuePair.Create(name, "secret"))),
    });

    private static JsonMap Map(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var map = new JsonMap();
        foreach (var (key, value) in pairs)
        {
            map[key] = value;
        }

        return map;
    }

    private static object? Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return TemplateValues.FromJson(document.RootElement);
    }

    /// <summary>Has every member. What a payload will hold is not known before the attempt.</summary>
    private sealed class Anything : Drop
    {
        public override bool ContainsKey(object name) => true;

        public override object BeforeMethod(string method) => this;

        public override string ToString() => string.Empty;
    }
}
