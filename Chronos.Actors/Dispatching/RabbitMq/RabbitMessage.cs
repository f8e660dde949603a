using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Chronos.Actors.Dispatching.CloudEvents;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Dispatching.RabbitMq;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Chronos.Actors.Dispatching.RabbitMq;

/// <summary>One attempt with every template rendered and every secret in its place, and its sending.</summary>
internal sealed class RabbitMessage : IBrokerMessage
{
    private const int LongestRoutingKey = 255;

    private readonly RabbitEndpoint _endpoint;
    private readonly Func<RabbitEndpoint, BrokerConnections<RabbitLink>.Lease> _rent;
    private readonly string _exchange;
    private readonly string _routingKey;
    private readonly bool _mandatory;
    private readonly BasicProperties _properties;
    private readonly byte[] _body;
    private bool _broken;
    private string? _blocked;

    private RabbitMessage(
        RabbitEndpoint endpoint, Func<RabbitEndpoint, BrokerConnections<RabbitLink>.Lease> rent, string exchange, string routingKey, bool mandatory, BasicProperties properties,
        byte[] body)
    {
        (_endpoint, _rent, _exchange, _routingKey, _mandatory, _properties, _body) = (endpoint, rent, exchange, routingKey, mandatory, properties, body);
    }

    public string Target => _endpoint.Target;

    /// <exception cref="RequestFaultException">A template or a secret is at fault; the message names it and holds no value.</exception>
    public static RabbitMessage Prepare(
        AttemptRequest attempt, RabbitSection section, AttemptSecrets secrets, Func<RabbitEndpoint, BrokerConnections<RabbitLink>.Lease> rent, TimeProvider time)
    {
        var templates = new AttemptTemplates(attempt, secrets);
        var key = section.Queue ?? templates.Render(section.RoutingKey, "rabbitmq.routing_key");
        if (Encoding.UTF8.GetByteCount(key) > LongestRoutingKey)
        {
            throw new RequestFaultException($"rabbitmq.routing_key: what the template makes is longer than {LongestRoutingKey} bytes");
        }

        var (body, attributes, _) = BrokerBody.Of(templates, section.Body, "rabbitmq.body").AsEvent(attempt, templates, secrets, CloudEventBinding.Amqp);
        var properties = new BasicProperties
        {
            Persistent = section.Persistent,
            ContentType = section.ContentType ?? (body.ContentType.Length > 0 ? body.ContentType : null),
            MessageId = attempt.Execution.Value,
            Timestamp = new AmqpTimestamp(time.GetUtcNow().ToUnixTimeSeconds()),
            AppId = "chronos",
            Headers = BrokerBody.Headers(attempt, templates, section.Headers, "rabbitmq").Concat(attributes)
                .GroupBy(header => header.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => (object?)group.Last().Value, StringComparer.Ordinal),
        };
        if (section.Priority is { } priority)
        {
            properties.Priority = priority;
        }

        if (section.Expiration is { } expiration)
        {
            properties.Expiration = ((long)expiration.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        }

        if (section.Type is not null)
        {
            properties.Type = section.Type;
        }

        return new RabbitMessage(RabbitEndpoint.Resolve(section, secrets), rent, section.Exchange ?? string.Empty, key, section.Mandatory, properties, body.Bytes);
    }

    public async Task<BrokerEnd> SendAsync(CancellationToken cancellation)
    {
        using var lease = _rent(_endpoint);
        var session = await lease.Connection.OpenAsync(cancellation).ConfigureAwait(false);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, session.Broken);
        try
        {
            await session.PublishAsync(_exchange, _routingKey, _mandatory, _properties, _body, either.Token).ConfigureAwait(false);
            return new BrokerEnd(FailureClass.None)
            {
                Facts = ImmutableSortedDictionary<string, string>.Empty.Add("exchange", _exchange).Add("routing_key", _routingKey).Add("confirmed", "true"),
            };
        }
        finally
        {
            (_broken, _blocked) = (session.Broken.IsCancellationRequested, session.Blocked);
        }
    }

    public SentMessage Describe() => new(
        "publish", $"{Target}/{_exchange}",
        [
            ("routing_key", _routingKey), ("mandatory", _mandatory ? "true" : "false"), ("persistent", _properties.Persistent ? "true" : "false"),
            ("content_type", _properties.ContentType ?? ""), ("message_id", _properties.MessageId ?? ""),
            .. _properties.IsPriorityPresent() ? [("priority", _properties.Priority.ToString(CultureInfo.InvariantCulture))] : Array.Empty<(string, string)>(),
            .. _properties.Expiration is { } expiration ? [("expiration", expiration)] : Array.Empty<(string, string)>(),
            .. _properties.Type is { } type ? [("type", type)] : Array.Empty<(string, string)>(),
        ],
        [.. (_properties.Headers ?? new Dictionary<string, object?>()).Select(header => (header.Key, $"{header.Value}", HeaderRules.IsCredential(header.Key)))], _body);

    public BrokerEnd? Classify(Exception error)
    {
        foreach (var cause in BrokerAttempts.Causes(error))
        {
            switch (cause)
            {
                case RequestFaultException fault:
                    return new BrokerEnd(FailureClass.Request, Error: fault.Message);
                case PublishReturnException returned:
                    return new BrokerEnd(FailureClass.ClientError, returned.ReplyCode, $"no queue takes {Place()}: the broker returned the message ({returned.ReplyCode} {returned.ReplyText})");
                case PublishException:
                    return new BrokerEnd(FailureClass.ServerError, Error: $"the broker did not take responsibility for the message (nack) on {Place()}");
                case AuthenticationFailureException:
                    return new BrokerEnd(FailureClass.ClientError, Constants.AccessRefused, "the broker does not accept the credentials of the job");
                case OperationInterruptedException { ShutdownReason: { Initiator: ShutdownInitiator.Peer } reason } when OfReason(reason) is { } known:
                    return known;
                case AuthenticationException:
                    return new BrokerEnd(FailureClass.Connect, Error: "no secure connection to the broker: its certificate or its TLS is not accepted");
                case SocketException socket when !_broken:
                    return new BrokerEnd(FailureClass.Connect, Error: $"cannot connect to the broker: {socket.SocketErrorCode}");
            }
        }

        return error switch
        {
            OperationCanceledException when !_broken && _blocked is not null =>
                new BrokerEnd(FailureClass.Timeout, Error: $"the broker takes no messages at the moment: {_blocked}"),
            OperationCanceledException or RabbitMQClientException or AggregateException or IOException or TimeoutException or ObjectDisposedException or SocketException =>
                new BrokerEnd(FailureClass.Connect, Error: _broken ? "the connection to the broker broke before it had confirmed" : "no connection to the broker"),
            _ => null,
        };
    }

    /// <summary>What the broker closed the channel or the connection for.</summary>
    private static BrokerEnd? OfReason(ShutdownEventArgs reason) => reason.ReplyCode switch
    {
        Constants.ContentTooLarge or Constants.AccessRefused or Constants.NotFound or Constants.ResourceLocked or Constants.PreconditionFailed
            or Constants.InvalidPath or Constants.NotAllowed or Constants.NotImplemented or Constants.SyntaxError =>
            new BrokerEnd(FailureClass.ClientError, reason.ReplyCode, $"the broker refused: {reason.ReplyText}"),
        Constants.InternalError or Constants.ResourceError => new BrokerEnd(FailureClass.ServerError, reason.ReplyCode, $"the broker failed: {reason.ReplyText}"),
        _ => null,
    };

    private string Place() => _exchange.Length == 0 ? $"the queue name '{_routingKey}'" : $"the routing key '{_routingKey}' on the exchange '{_exchange}'";
}
