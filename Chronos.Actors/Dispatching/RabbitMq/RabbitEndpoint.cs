using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching.Limits;
using Chronos.Core.Dispatching.RabbitMq;
using RabbitMQ.Client;

namespace Chronos.Actors.Dispatching.RabbitMq;

/// <summary>Where a connection leads and as whom; two attempts that agree in all of it share one.</summary>
internal sealed record RabbitEndpoint(string Host, int Port, string VirtualHost, string Username, string Password, bool External, bool Encrypted, BrokerTls? Tls)
{
    private const string Guest = "guest";

    public string Identity { get; } = BrokerTls.Identity(Host, $"{Port}", VirtualHost, Username, Password, $"{External} {Encrypted}", Tls?.Identity());

    /// <summary>What has a circuit of its own.</summary>
    public string Target => TargetName.Place(Encrypted ? "amqps" : "amqp", Host, Port);

    /// <exception cref="RequestFaultException">A secret is missing; the message does not hold it.</exception>
    public static RabbitEndpoint Resolve(RabbitSection section, AttemptSecrets secrets)
    {
        var url = new Uri(section.Url);
        var encrypted = url.Scheme == "amqps";
        var vhost = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/'));
        var (username, password) = section.Auth is RabbitAuth.Plain plain ? (plain.Username, secrets.Get(plain.Password.Name)) : (Guest, Guest);
        return new RabbitEndpoint(
            url.IdnHost.Trim('[', ']'), url.Port > 0 ? url.Port : encrypted ? 5671 : 5672, vhost.Length == 0 ? "/" : vhost,
            username, password, section.Auth is RabbitAuth.External, encrypted, BrokerTls.Resolve(section.Tls, secrets));
    }

    public ConnectionFactory Factory(RabbitDispatchOptions options, GuardedTcp tcp) => new()
    {
        HostName = Host,
        Port = Port,
        VirtualHost = VirtualHost,
        UserName = Username,
        Password = Password,
        AuthMechanisms = External ? [new ExternalMechanismFactory()] : [new PlainMechanismFactory()],
        Ssl = Ssl(),
        SocketFactory = tcp.Create,
        RequestedConnectionTimeout = options.ConnectTimeout,
        HandshakeContinuationTimeout = options.ConnectTimeout,
        ContinuationTimeout = options.ConnectTimeout,
        RequestedHeartbeat = options.Heartbeat,
        ClientProvidedName = "chronos",

        // A connection that broke is made anew by the next attempt; see the notes.
        AutomaticRecoveryEnabled = false,
        TopologyRecoveryEnabled = false,
    };

    private SslOption Ssl()
    {
        if (!Encrypted)
        {
            return new SslOption { Enabled = false };
        }

        var ssl = new SslOption { Enabled = true, ServerName = Tls?.ServerName ?? Host };
        if (Tls?.ClientCertificate() is { } certificate)
        {
            ssl.Certs = [certificate];
        }

        if (Tls is { Ca: not null } tls)
        {
            ssl.CertificateValidationCallback = (_, presented, chain, errors) => tls.Accepts(presented, chain, errors);
        }

        return ssl;
    }
}
