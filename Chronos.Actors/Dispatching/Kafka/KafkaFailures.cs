using System.Net.Sockets;
using Chronos.Core.Dispatching;
using Confluent.Kafka;

namespace Chronos.Actors.Dispatching.Kafka;

/// <summary>What an error of the brokers, or of the client, means.</summary>
internal static class KafkaFailures
{
    public static FailureClass OfCode(ErrorCode code) => code switch
    {
        ErrorCode.NoError => FailureClass.None,
        ErrorCode.Local_MsgTimedOut or ErrorCode.Local_TimedOut or ErrorCode.RequestTimedOut => FailureClass.Timeout,
        ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Resolve or ErrorCode.Local_Ssl or ErrorCode.NetworkException
            or ErrorCode.BrokerNotAvailable or ErrorCode.Local_Destroy => FailureClass.Connect,
        ErrorCode.ThrottlingQuotaExceeded or ErrorCode.Local_QueueFull => FailureClass.TooManyRequests,
        ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed or ErrorCode.UnsupportedSaslMechanism or ErrorCode.IllegalSaslState
            or ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed or ErrorCode.SecurityDisabled
            or ErrorCode.UnknownTopicOrPart or ErrorCode.TopicException or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition
            or ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidMsgSize or ErrorCode.InvalidRecord or ErrorCode.InvalidRequiredAcks
            or ErrorCode.InvalidRequest or ErrorCode.InvalidTimestamp or ErrorCode.UnsupportedVersion or ErrorCode.UnsupportedForMessageFormat
            or ErrorCode.PolicyViolation or ErrorCode.Local_InvalidArg or ErrorCode.UnsupportedCompressionType => FailureClass.ClientError,
        _ => FailureClass.ServerError,
    };

    /// <summary>Null for a fault of ours.</summary>
    public static BrokerEnd? Classify(Exception error) => error switch
    {
        KafkaException kafka => new BrokerEnd(
            OfCode(kafka.Error.Code), kafka.Error.IsBrokerError ? (int)kafka.Error.Code : null,
            kafka.Error.Code == ErrorCode.Local_MsgTimedOut
                ? "no broker acknowledged the message in time; whether the topic has it is unknown"
                : $"{(kafka.Error.IsBrokerError ? "the brokers answered" : "the client says")} {kafka.Error.Code}: {kafka.Error.Reason}"),
        SocketException socket => new BrokerEnd(FailureClass.Connect, Error: $"cannot connect to the brokers: {socket.SocketErrorCode}"),
        OperationCanceledException => new BrokerEnd(FailureClass.Connect, Error: "no connection to the brokers within the time for connecting"),
        _ => null,
    };
}
