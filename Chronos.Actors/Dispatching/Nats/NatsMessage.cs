using System.Collections.Immutable;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using Chronos.Actors.Dispatching.CloudEvents;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Dispatching.Nats;
using NATS.Client.Core;

namespace Chronos.Actors.Dispatching.Nats;

/// <summary>One attempt with every template rendered and every secret in its place, and its sending.</summary>
internal sealed class NatsMessage : IBrokerMessage
{
    private const int Unauthorized = 401;
    private const int Forbidden = 403;
    private const int NoResponders = 503;
    private static readonly NatsSubOpts OneReply = new() { MaxMsgs = 1, Timeout = TimeSpan.FromDays(40), ThrowIfNoResponders = true };

    private readonly NatsSection _section;
    private readonly NatsEndpoint _endpoint;
    private readonly Func<NatsEndpoint, BrokerConnections<NatsLink>.Lease> _rent;
    private readonly NatsDispatchOptions _options;
    private readonly AttemptSecrets _secrets;
    private readonly string _subject;
    private readonly byte[] _body;
    private readonly NatsHeaders _headers;
    private string? _denied;
    private bool _broken;

    private NatsMessage(
        NatsSection section, NatsEndpoint endpoint, Func<NatsEndpoint, BrokerConnections<NatsLink>.Lease> rent, NatsDispatchOptions options, AttemptSecrets secrets,
        string subject, byte[] body, NatsHeaders headers)
    {
        (_section, _endpoint, _rent, _options, _secrets) = (section, endpoint, rent, options, secrets);
        (_subject, _body, _headers) = (subject, body, headers);
        var first = new Uri(section.Url.Split(',')[0]);
        Target = TargetName.Place("nats", first.IdnHost, first.Port < 0 ? 4222 : first.Port);
    }

    public string Target { get; }

    /// <exception cref="RequestFaultException">A template or a secret is at fault; the message names it and holds no value.</exception>
    public static NatsMessage Prepare(
        AttemptRequest attempt, NatsSection section, AttemptSecrets secrets, Func<NatsEndpoint, BrokerConnections<NatsLink>.Lease> rent, NatsDispatchOptions options)
    {
        var templates = new AttemptTemplates(attempt, secrets);
        var subject = templates.Render(section.Subject, "nats.subject");
        if (NatsSubject.Fault(subject) is { } fault)
        {
            throw new RequestFaultException($"nats.subject: what the template makes {fault}");
        }

        var (body, attributes, _) = BrokerBody.Of(templates, section.Body, "nats.body").AsEvent(attempt, templates, secrets, CloudEventBinding.Nats);
        var headers = new NatsHeaders(caseSensitive: true);
        if (body.ContentType.Length > 0)
        {
            headers["content-type"] = body.ContentType;
        }

        foreach (var (name, value) in attributes)
        {
            headers[name] = value;
        }

        foreach (var (name, value) in BrokerBody.Headers(attempt, templates, section.Headers, "nats"))
        {
            headers[name] = value;
        }

        // The same on every attempt: a stream that has it says so instead of storing it twice.
        headers["Nats-Msg-Id"] = attempt.Execution.Value;
        if (section.Stream is not null)
        {
            headers["Nats-Expected-Stream"] = section.Stream;
        }

        if (section.ExpectedLastSequence is { } sequence)
        {
            headers["Nats-Expected-Last-Sequence"] = sequence.ToString(CultureInfo.InvariantCulture);
        }

        return new NatsMessage(section, NatsEndpoint.Resolve(section, secrets), rent, options, secrets, subject, body.Bytes, headers);
    }

    public async Task<BrokerEnd> SendAsync(CancellationToken cancellation)
    {
        using var lease = _rent(_endpoint);
        var session = await lease.Connection.OpenAsync(cancellation).ConfigureAwait(false);
        using var watch = session.Errors.Listen(_subject, replies: _section.Mode != NatsMode.Publish);
        using var either = _section.Mode == NatsMode.Publish
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellation, session.Broken)
            : CancellationTokenSource.CreateLinkedTokenSource(cancellation, session.Broken, watch.Denied);
        try
        {
            var end = await SendAsync(session, either.Token).ConfigureAwait(false);
            return watch.Reason is null ? end : new BrokerEnd(FailureClass.ClientError, Forbidden, watch.Reason);
        }
        finally
        {
            (_denied, _broken) = (watch.Reason, session.Broken.IsCancellationRequested);
        }
    }

    public SentMessage Describe() => new(
        _section.Mode switch { NatsMode.Publish => "publish", NatsMode.Request => "request", _ => "publish to a stream" }, $"{Target}/{_subject}", [],
        [.. _headers.Select(header => (header.Key, header.Value.ToString(), HeaderRules.IsCredential(header.Key)))], _body);

    public BrokerEnd? Classify(Exception error)
    {
        if (_denied is not null)
        {
            return new BrokerEnd(FailureClass.ClientError, Forbidden, _denied);
        }

        foreach (var cause in BrokerAttempts.Causes(error))
        {
            switch (cause)
            {
                case RequestFaultException fault:
                    return new BrokerEnd(FailureClass.Request, Error: fault.Message);
                case NatsNoRespondersException:
                    return new BrokerEnd(
                        FailureClass.ServerError, NoResponders,
                        _section.Mode == NatsMode.Jetstream ? $"no stream takes the subject {_subject}" : $"nobody answers requests to {_subject}");
                case NatsPayloadTooLargeException:
                    return new BrokerEnd(FailureClass.ClientError, Error: "the message is larger than the server takes");
                case NatsServerException server when IsAuthentication(server.Message):
                    return new BrokerEnd(FailureClass.ClientError, Unauthorized, "the server does not accept the credentials of the job");
                case AuthenticationException:
                    return new BrokerEnd(FailureClass.Connect, Error: "no secure connection to the server: its certificate or its TLS is not accepted");
                case SocketException socket:
                    return new BrokerEnd(FailureClass.Connect, Error: $"cannot connect to the server: {socket.SocketErrorCode}");
            }
        }

        return error switch
        {
            OperationCanceledException when _broken => new BrokerEnd(FailureClass.Connect, Error: "the connection to the server broke before it had confirmed"),
            AggregateException or NatsException or IOException or OperationCanceledException or ObjectDisposedException =>
                new BrokerEnd(FailureClass.Connect, Error: _broken ? "the connection to the server broke before it had confirmed" : "no connection to the server"),
            _ => null,
        };
    }

    private static bool IsAuthentication(string message) =>
        message.Contains("authorization", StringComparison.OrdinalIgnoreCase) || message.Contains("authentication", StringComparison.OrdinalIgnoreCase);

    private async Task<BrokerEnd> SendAsync(NatsSession session, CancellationToken cancellation)
    {
        var connection = session.Connection;
        if (connection.ServerInfo is { MaxPayload: > 0 } server && _body.Length + _headers.GetBytesLength(Encoding.UTF8) > server.MaxPayload)
        {
            return new BrokerEnd(FailureClass.ClientError, Error: $"the message is larger than the {server.MaxPayload} bytes that the server takes");
        }

        if (_section.Mode == NatsMode.Publish)
        {
            await connection.PublishAsync(_subject, _body, _headers, cancellationToken: cancellation).ConfigureAwait(false);

            // The server reads in order: when it answers this, it has read the message. The ping itself is never cancelled: its answer
            // would then be taken for that of the next.
            await connection.PingAsync(CancellationToken.None).AsTask().WaitAsync(cancellation).ConfigureAwait(false);
            return new BrokerEnd(FailureClass.None);
        }

        var reply = await connection.RequestAsync<byte[], byte[]>(_subject, _body, _headers, replyOpts: OneReply, cancellationToken: cancellation).ConfigureAwait(false);
        return _section.Mode == NatsMode.Request ? OfReply(reply) : OfAck(reply.Data ?? []);
    }

    /// <summary>A reply, or the error of a service (<c>Nats-Service-Error-Code</c>).</summary>
    private BrokerEnd OfReply(NatsMsg<byte[]> reply)
    {
        var data = reply.Data ?? [];
        AttemptWatch.Current?.Answered(reply.Headers?.Select(header => (header.Key, header.Value.ToString())) ?? []);
        var type = reply.Headers?.FirstOrDefault(header => header.Key.Equals("content-type", StringComparison.OrdinalIgnoreCase)).Value.ToString();
        var truncated = data.Length > _options.MaxResponse;
        var response = ResponseReader.Decode(
            truncated ? data[.._options.MaxResponse] : data, truncated, MediaTypeHeaderValue.TryParse(type, out var media) ? media : null, _secrets.Mask);
        if (Header(reply.Headers, "Nats-Service-Error-Code") is not { Length: > 0 } code)
        {
            return new BrokerEnd(FailureClass.None, Response: response);
        }

        var status = int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 500;
        return new BrokerEnd(HttpFailures.OfStatus(status), status, $"the service answered {status}: {Header(reply.Headers, "Nats-Service-Error")}", response);
    }

    private static string? Header(NatsHeaders? headers, string name) => headers is not null && headers.TryGetLastValue(name, out var value) ? value : null;

    /// <summary>What a stream says: where it has stored the message, or why not.</summary>
    private BrokerEnd OfAck(byte[] data)
    {
        try
        {
            using var document = JsonDocument.Parse(data);
            var ack = document.RootElement;
            if (ack.TryGetProperty("error", out var error))
            {
                var code = error.TryGetProperty("code", out var c) && c.TryGetInt32(out var number) ? number : 500;
                var reason = error.TryGetProperty("description", out var d) ? d.GetString() : "no reason given";
                return new BrokerEnd(HttpFailures.OfStatus(code), code, $"the stream did not store the message: {reason}");
            }

            var stream = ack.GetProperty("stream").GetString()!;
            var sequence = ack.GetProperty("seq").GetUInt64();
            var duplicate = ack.TryGetProperty("duplicate", out var twice) && twice.GetBoolean();
            var text = $$"""{"stream":"{{JsonEncodedText.Encode(stream)}}","sequence":{{sequence.ToString(CultureInfo.InvariantCulture)}},"duplicate":{{(duplicate ? "true" : "false")}}}""";
            return new BrokerEnd(FailureClass.None, Response: new ReadResponse(text, Encoding.UTF8.GetBytes(text), "application/json", Truncated: false))
            {
                Facts = ImmutableSortedDictionary<string, string>.Empty.Add("stream", stream)
                    .Add("sequence", sequence.ToString(CultureInfo.InvariantCulture)).Add("duplicate", duplicate ? "true" : "false"),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return new BrokerEnd(FailureClass.ClientError, Error: $"what answered on {_subject} is no stream");
        }
    }
}
