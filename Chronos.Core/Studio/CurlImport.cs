using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Jobs;
using Chronos.Core.Kernel;

namespace Chronos.Core.Studio;

/// <summary>A job document made of a curl line.</summary>
/// <param name="Document">Valid as it is; the secrets are named and not part of it.</param>
/// <param name="Secrets">What the nodes need before the job works.</param>
/// <param name="Values">The credentials of the line by the names of <paramref name="Secrets"/>; for whoever gave the line, nobody else.</param>
/// <param name="Notes">What could not be taken over, or is done differently.</param>
public sealed record ImportedRequest(
    JsonElement Document, ImmutableArray<StudioSecret> Secrets, ImmutableSortedDictionary<string, string> Values, ImmutableArray<string> Notes);

/// <summary>Makes a job document of a curl line, as browsers and documentation write them.</summary>
public static class CurlImport
{
    /// <summary>Characters of the longest line that is read.</summary>
    public const int LongestLine = 512 * 1024;

    private const string Field = "curl";

    private static readonly JsonDocumentOptions EachOnce = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a line; what is wrong with it is added under the field <c>curl</c>, and then the result is null. A fault holds no value of the line.</summary>
    public static ImportedRequest? Read(string line, ICollection<Violation> violations)
    {
        if (line.Length > LongestLine)
        {
            violations.Add(new Violation(Field, $"is longer than {LongestLine} characters"));
            return null;
        }

        if (CurlLine.Words(line) is not { } words)
        {
            violations.Add(new Violation(Field, "has a quote that is not closed"));
            return null;
        }

        if (CurlOptions.Read(words, violations) is not { } options)
        {
            return null;
        }

        var faults = new List<Violation>();
        var made = new Builder(options, faults).Make();
        if (faults.Count > 0)
        {
            faults.ForEach(violations.Add);
            return null;
        }

        JobDocument.Read(made.Document, faults);
        foreach (var fault in faults)
        {
            violations.Add(new Violation(Field, $"makes a job that is refused: {fault.Field} {fault.Message}"));
        }

        return faults.Count == 0 ? made : null;
    }

    private sealed class Builder(CurlOptions options, ICollection<Violation> faults)
    {
        private readonly CredentialMoves _moves = new();
        private readonly JsonObject _webhook = [];
        private readonly JsonObject _headers = new(new JsonNodeOptions { PropertyNameCaseInsensitive = true });
        private readonly List<string> _notes = [.. options.Notes];
        private string? _contentType;

        public ImportedRequest Make()
        {
            var address = options.Url!.Contains("://", StringComparison.Ordinal) ? options.Url : "http://" + options.Url;
            var data = options.Data.Count == 0 ? null : string.Join(options.Json ? "" : "&", options.Data);
            if (options.DataInQuery && data is not null)
            {
                // A fragment is never sent, and what stands behind it would be part of it.
                address = address.Split('#')[0];
                address += (address.Contains('?', StringComparison.Ordinal) ? '&' : '?') + data;
                data = null;
            }

            // In the order in which a document is read.
            (_webhook["url"], _webhook["method"]) = ("", "");
            address = WithoutUser(address);
            var method = options.Method?.ToUpperInvariant() ?? (data is null && options.Parts.Count == 0 ? "GET" : "POST");
            _webhook["url"] = _moves.Address(address, "webhook.url");
            _webhook["method"] = method;
            if (options.Bearer is { } bearer)
            {
                Auth("bearer", "token", bearer, "bearer_token");
            }

            foreach (var (name, value) in options.Headers)
            {
                Header(name, value, address);
            }

            if (options.Parts.Count == 0)
            {
                Body(data);
            }
            else if (data is not null)
            {
                faults.Add(new Violation(Field, "has a body twice: data and the parts of a form"));
            }
            else
            {
                // What the line says of the type has no boundary of ours.
                _webhook["multipart"] = CurlForm.Read(options.Parts, _moves, faults);
            }

            if (_headers.Count > 0)
            {
                _webhook["headers"] = _headers;
            }

            if (options.Proxy is { Length: > 0 } proxy)
            {
                _webhook["proxy"] = Proxy(proxy);
            }

            if (options.FollowRedirects)
            {
                _webhook["follow_redirects"] = true;
            }

            var document = new JsonObject { ["name"] = StudioDocument.NameOf(StudioDocument.AddressParts(address)), ["webhook"] = _webhook };
            Times(document);
            StudioDocument.List(document, _moves.InTemplates);
            return new ImportedRequest(StudioDocument.ToElement(document), _moves.Secrets, _moves.Values, [.. _notes]);
        }

        private string WithoutUser(string address)
        {
            var user = options.User;
            var begin = address.IndexOf("://", StringComparison.Ordinal) + 3;
            var end = address.AsSpan(begin).IndexOfAny('/', '?', '#') is >= 0 and var at ? begin + at : address.Length;
            var sign = address.LastIndexOf('@', end - 1, end - begin);
            if (sign >= 0)
            {
                user ??= Uri.UnescapeDataString(address[begin..sign]);
                address = address[..begin] + address[(sign + 1)..];
            }

            if (user is not null && options.Bearer is null)
            {
                Basic(user);
            }

            return address;
        }

        private void Basic(string user)
        {
            var colon = user.IndexOf(':', StringComparison.Ordinal);
            if (colon >= 0 && colon + 1 < user.Length)
            {
                var secret = _moves.Secret("password", user[(colon + 1)..], "webhook.auth.password");
                _webhook["auth"] = new JsonObject { ["type"] = "basic", ["username"] = user[..colon], ["password"] = Reference(secret) };
            }
            else
            {
                _notes.Add("the user name has no password and was left out");
            }
        }

        /// <summary>As curl reads it: HTTP where no scheme stands, port 1080 where no port does.</summary>
        private JsonObject Proxy(string proxy)
        {
            var address = proxy.Contains("://", StringComparison.Ordinal) ? proxy : "http://" + proxy;
            var begin = address.IndexOf("://", StringComparison.Ordinal) + 3;
            var user = options.ProxyUser;
            if (address.LastIndexOf('@') is >= 0 and var sign && sign >= begin)
            {
                user ??= Uri.UnescapeDataString(address[begin..sign]);
                address = address[..begin] + address[(sign + 1)..];
            }

            var host = address[begin..].TrimEnd('/');
            var made = new JsonObject { ["url"] = address[..begin] + (host.LastIndexOf(':') > host.LastIndexOf(']') ? host : host + ":1080") };
            if (user?.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && colon + 1 < user.Length)
            {
                made["username"] = user[..colon];
                made["password"] = Reference(_moves.Secret("proxy_password", user[(colon + 1)..], "webhook.proxy.password"));
            }
            else if (user is not null)
            {
                _notes.Add("the user name of the proxy has no password and was left out");
            }

            return made;
        }

        private void Auth(string type, string field, string value, string hint) =>
            _webhook["auth"] = new JsonObject { ["type"] = type, [field] = Reference(_moves.Secret(hint, value, $"webhook.auth.{field}")) };

        private void Header(string name, string value, string address)
        {
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                _contentType = value;
            }
            else if (name.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
            {
                Authorization(value);
            }
            else if (name.Equals("Host", StringComparison.OrdinalIgnoreCase) || name.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase) || HeaderRules.FaultOfName(name) is not null)
            {
                var same = name.Equals("Host", StringComparison.OrdinalIgnoreCase) && Uri.TryCreate(address, UriKind.Absolute, out var uri) && value.StartsWith(uri.Host, StringComparison.OrdinalIgnoreCase);
                if (!same && !name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                {
                    _notes.Add($"the header {name} was left out: a job does not set it");
                }
            }
            else if (value.Length > 0)
            {
                if (_headers.Remove(name))
                {
                    _notes.Add($"the header {name} is given more than once; the last one was taken");
                }

                _headers[name] = CredentialText.IsName(name) || HeaderRules.IsCredential(name) ? _moves.Template(name, value, $"webhook.headers.{name}") : value;
            }
        }

        private void Authorization(string value)
        {
            if (_webhook.ContainsKey("auth"))
            {
                _notes.Add("the header Authorization was left out: the line gives a user or a token besides");
            }
            else if (value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            {
                Auth("bearer", "token", value[7..].Trim(), "bearer_token");
            }
            else if (value.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) && Decoded(value[6..].Trim()) is { } pair)
            {
                Basic(pair);
            }
            else
            {
                _headers["Authorization"] = _moves.Template("authorization", value, "webhook.headers.Authorization");
            }
        }

        private void Body(string? data)
        {
            var type = _contentType ?? (options.Json ? "application/json" : data is null ? null : "application/x-www-form-urlencoded");
            var json = data is not null && type?.Contains("json", StringComparison.OrdinalIgnoreCase) == true ? Parsed(data) : null;
            if (json is JsonObject or JsonArray)
            {
                _moves.Walk(json, "webhook.body");
                _webhook["body"] = json;
                if (!type!.Equals("application/json", StringComparison.OrdinalIgnoreCase))
                {
                    _headers["Content-Type"] = type;
                }

                return;
            }

            if (type is not null)
            {
                _headers["Content-Type"] = type;
            }

            if (data is null)
            {
                return;
            }

            var form = type?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) == true && !data.StartsWith('{');
            _webhook["body"] = form ? Form(data) : data;
            if (data.Contains("{{", StringComparison.Ordinal) || data.Contains("{%", StringComparison.Ordinal))
            {
                _notes.Add("the body holds {{ or {%, which a job takes for a template");
            }
        }

        private string Form(string data) => string.Join('&', data.Split('&').Select(pair =>
            pair.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && at + 1 < pair.Length && CredentialText.IsName(pair[..at])
                ? $"{pair[..at]}={_moves.Template(pair[..at], pair[(at + 1)..], "webhook.body")}"
                : pair));

        private void Times(JsonObject document)
        {
            if (options.MaxTime is { } limit && double.TryParse(limit, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0.001 and <= 2_592_000)
            {
                document["timeout"] = Durations.Format(TimeSpan.FromSeconds(seconds));
            }

            if (options.Retry is { } retry && int.TryParse(retry, NumberStyles.None, CultureInfo.InvariantCulture, out var times) && times is >= 0 and < JobDocumentLimits.MaxAttempts)
            {
                document["retry"] = new JsonObject { ["max_attempts"] = times + 1 };
            }
        }

        private static JsonObject Reference(string secret) => new() { ["secret"] = secret };

        private JsonNode? Parsed(string data)
        {
            try
            {
                using var document = JsonDocument.Parse(data);
            }
            catch (JsonException)
            {
                return null;
            }

            try
            {
                return JsonNode.Parse(data, documentOptions: EachOnce);
            }
            catch (JsonException)
            {
                faults.Add(new Violation(Field, "has a body of JSON in which a member is given twice"));
                return null;
            }
        }

        private static string? Decoded(string base64)
        {
            var bytes = new byte[base64.Length];
            return Convert.TryFromBase64String(base64, bytes, out var length) && Encoding.UTF8.GetString(bytes, 0, length) is var pair && pair.Contains(':', StringComparison.Ordinal) ? pair : null;
        }
    }
}
