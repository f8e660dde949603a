using System.Text.Json;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching.Nats;

/// <summary>Reads a <c>nats</c> section strictly. A fault names its field; a credential in plain text is a fault.</summary>
internal static class NatsSectionReader
{
    private const int MaxServers = 16;
    private const string Known = "url, subject, mode, headers, body, auth, tls, stream, expected_last_sequence, inbox_prefix, callback";

    private static readonly string[] Schemes = ["nats", "tls"];

    public static NatsSection? Read(JsonElement value, string path, ICollection<Violation> violations)
    {
        var found = new List<Violation>();
        var section = SectionObject.Open(value, path, found) is { } members ? Read(members, found) : null;
        foreach (var violation in found)
        {
            violations.Add(violation);
        }

        return found.Count == 0 ? section : null;
    }

    private static NatsSection Read(SectionObject section, List<Violation> found)
    {
        var url = ReadUrl(section);
        var subject = section.TakeRequiredString("subject");
        if (subject is not null)
        {
            TemplateRules.Check(subject, section.At("subject"), found, inPayload: false);
            if (NatsSubject.Fault(subject) is { } fault)
            {
                section.Fault("subject", fault);
            }
            else if (SectionFields.HoldsSecret(subject))
            {
                section.Fault("subject", "holds a secret, which everybody on the broker would see; headers and body may");
            }
        }

        var mode = ReadMode(section);
        var headers = SectionFields.Headers(section, "headers", found, FaultOfHeader, static (_, value) =>
            HeaderRules.IsValue(value) ? null : "a value of a header has no line break and no control character");
        var body = SectionFields.Body(section, "body", found);
        var auth = section.Take("auth") is { } a ? NatsAuth.Read(a, section.At("auth"), found) : null;
        var tls = section.Take("tls") is { } t ? TargetTls.Read(t, section.At("tls"), found, serverName: true) : null;
        var stream = ReadStream(section, mode);
        var sequence = ReadSequence(section, mode);
        var inbox = ReadInbox(section);
        var callback = CallbackRule.Take(section, found);
        section.Close(Known);
        return new NatsSection
        {
            Url = url ?? string.Empty,
            Subject = subject ?? string.Empty,
            Mode = mode,
            Headers = headers,
            Body = body,
            Auth = auth,
            Tls = tls,
            Stream = stream,
            ExpectedLastSequence = sequence,
            InboxPrefix = inbox,
            Callback = callback,
        };
    }

    private static string? ReadUrl(SectionObject section)
    {
        if (section.TakeRequiredString("url") is not { } url)
        {
            return null;
        }

        var servers = url.Split(',');
        if (servers.Length > MaxServers)
        {
            section.Fault("url", $"names more than {MaxServers} servers");
        }
        else if (servers.Select(server => BrokerUrl.Fault(server, Schemes) ?? (new Uri(server).AbsolutePath is "" or "/" ? null : "has a path, which NATS does not know")).FirstOrDefault(f => f is not null) is { } fault)
        {
            section.Fault("url", fault);
        }

        return url;
    }

    private static NatsMode ReadMode(SectionObject section)
    {
        switch (section.TakeString("mode"))
        {
            case null or "publish": return NatsMode.Publish;
            case "request": return NatsMode.Request;
            case "jetstream": return NatsMode.Jetstream;
            default:
                section.Fault("mode", "is one of publish, request, jetstream");
                return NatsMode.Publish;
        }
    }

    private static string? FaultOfHeader(string name) =>
        name.StartsWith("Nats-", StringComparison.OrdinalIgnoreCase) ? "Chronos sets this header itself; see mode, stream and expected_last_sequence" : HeaderRules.FaultOfName(name);

    private static string? ReadStream(SectionObject section, NatsMode mode)
    {
        var stream = section.TakeString("stream");
        if (stream is not null && (stream.Length is 0 or > 255 || stream.Any(static c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))))
        {
            section.Fault("stream", "is the name of a stream: letters, digits, '-' and '_'");
        }
        else if (stream is not null && mode != NatsMode.Jetstream)
        {
            section.Fault("stream", "goes with mode jetstream only");
        }

        return stream;
    }

    private static ulong? ReadSequence(SectionObject section, NatsMode mode)
    {
        if (section.Take("expected_last_sequence") is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetUInt64(out var sequence))
        {
            section.Fault("expected_last_sequence", "is a whole number of at least 0");
            return null;
        }

        if (mode != NatsMode.Jetstream)
        {
            section.Fault("expected_last_sequence", "goes with mode jetstream only");
        }

        return sequence;
    }

    private static string ReadInbox(SectionObject section)
    {
        var inbox = section.TakeString("inbox_prefix");
        if (inbox is not null && (TemplateText.IsTemplate(inbox) || inbox.Length > 128 || inbox.Split('.').Any(token => token.Length == 0 || token.Any(static c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))))
        {
            section.Fault("inbox_prefix", "is a subject such as _INBOX_chronos: letters, digits, '-' and '_', with dots between");
        }

        return inbox ?? NatsSection.DefaultInboxPrefix;
    }
}
