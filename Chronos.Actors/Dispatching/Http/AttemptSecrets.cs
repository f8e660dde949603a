using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;

namespace Chronos.Actors.Dispatching.Http;

/// <summary>The secrets of one attempt, looked up when they are needed and remembered so that they can be masked.</summary>
internal sealed class AttemptSecrets(AttemptRequest request, ISecretSource source)
{
    /// <summary>A shorter secret is found in any host.</summary>
    private const int Telling = 6;

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<string> _derived = request.Callback is { } callback ? [callback.Token.Text] : [];

    /// <summary>Also hides what was made of a secret, such as the value of a header.</summary>
    public void Hide(string derived) => _derived.Add(derived);

    public SecretMask Mask => _values.Count + _derived.Count == 0 ? SecretMask.None : new SecretMask([.. _values.Values, .. _values.Values.Where(IsKey).Select(value => value[6..]), .. _derived]);

    public bool Any => _values.Count > 0;

    /// <exception cref="RequestFaultException">The node has no such secret.</exception>
    public string Get(string name)
    {
        if (_values.TryGetValue(name, out var known))
        {
            return known;
        }

        var value = AttemptWatch.Current?.Secret(name) ?? source.Find(request.Tenant, name);
        return string.IsNullOrEmpty(value)
            ? throw new RequestFaultException($"this node has no secret '{name}'")
            : _values[name] = value;
    }

    /// <summary>For a template: only what the job lists.</summary>
    public IReadOnlyDictionary<string, string> ForTemplate(IEnumerable<string> names, string field)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (!request.Secrets.Contains(name))
            {
                throw new RequestFaultException($"{field}: the secret '{name}' is not listed under the secrets of the job");
            }

            values[name] = Get(name);
        }

        return values;
    }

    /// <summary>What a template made of the host of an address is shown; a secret may have come into it by way of the payload.</summary>
    /// <exception cref="RequestFaultException">It holds one.</exception>
    public void RefuseIn(Uri address, string template, string field)
    {
        if (WebhookUrl.MakesHost(template) && _values.Values.Concat(_derived).Any(secret => secret.Length >= Telling && address.Host.Contains(secret.Trim(), StringComparison.OrdinalIgnoreCase)))
        {
            throw new RequestFaultException($"{field}: the host that the template makes holds a secret");
        }
    }

    private static bool IsKey(string value) => value.StartsWith("whsec_", StringComparison.Ordinal) && value.Length > 9;
}

/// <summary>The request cannot be made; the same attempt would fail again.</summary>
internal sealed class RequestFaultException(string message) : Exception(message);
