using System.Globalization;
using System.Text;
using Chronos.Actors.Dispatching.CloudEvents;
using Chronos.Actors.Dispatching.Http;
using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.CloudEvents;
using Chronos.Core.Dispatching.Grpc;
using Chronos.Core.Dispatching.Http;
using Grpc.Core;

namespace Chronos.Actors.Dispatching.Grpc;

/// <summary>A section with the descriptors that it brings, if it does.</summary>
internal sealed record GrpcPlan(GrpcSection Section, ProtoSchema? Schema)
{
    private static readonly ParsedSections<GrpcPlan> Small = new("grpc", Parse);
    private static readonly ParsedSections<GrpcPlan> Large = new("grpc", Parse, mostKept: 128, longestKept: 1024 * 1024);

    /// <exception cref="RequestFaultException">The section cannot be read.</exception>
    public static GrpcPlan Of(string section) => (section.Length <= 16 * 1024 ? Small : Large).Get(section);

    private static GrpcPlan Parse(string text)
    {
        var section = GrpcSection.Parse(text);
        return new GrpcPlan(section, section.DescriptorSet is { } set ? ProtoSchema.Parse(Convert.FromBase64String(set)) : null);
    }
}

/// <summary>One attempt with every template rendered and every secret in its place.</summary>
internal sealed record GrpcRequest(GrpcPlan Plan, GrpcEndpoint Endpoint, string Message, string MessageField, Metadata Metadata, byte[]? SigningKey)
{
    /// <summary>The full name of the message that an event is.</summary>
    public const string EventType = "io.cloudevents.v1.CloudEvent";

    /// <summary>Whether the message is an event, so that only a method that takes events can be called.</summary>
    public bool IsEvent { get; init; }

    /// <summary>Present when a token is sent that has to be fetched.</summary>
    public OAuthGrant? Grant { get; init; }

    /// <summary>The same with the token.</summary>
    public GrpcRequest With(string token)
    {
        var metadata = new Metadata();
        foreach (var entry in Metadata)
        {
            metadata.Add(entry);
        }

        Add(metadata, "authorization", "Bearer " + token, "the token");
        return this with { Metadata = metadata };
    }

    /// <exception cref="RequestFaultException">A template or a secret is at fault; the message names it and holds no value.</exception>
    public static GrpcRequest Prepare(AttemptRequest attempt, AttemptSecrets secrets)
    {
        var plan = GrpcPlan.Of(attempt.Target.Section);
        var section = plan.Section;
        var templates = new AttemptTemplates(attempt, secrets);
        var target = templates.Render(section.Target, "grpc.target");
        if (GrpcSectionReader.FaultOfTarget(target) is { } fault || !Uri.TryCreate(target, UriKind.Absolute, out var address))
        {
            throw new RequestFaultException($"grpc.target: the address that the template makes {GrpcSectionReader.FaultOfTarget(target) ?? "cannot be read"}");
        }

        secrets.RefuseIn(address, section.Target, "grpc.target");
        var tls = section.Tls;
        var endpoint = new GrpcEndpoint(
            address, tls?.Ca, tls?.Certificate is { } certificate ? secrets.Get(certificate.Name) : null, tls?.Key is { } key ? secrets.Get(key.Name) : null, tls?.ServerName);
        var metadata = new Metadata();
        foreach (var field in section.Metadata)
        {
            var (name, value, _) = templates.RenderHeader(field, "grpc.metadata");
            Add(metadata, name, value, $"grpc.metadata.{name}");
        }

        byte[]? signing = null;
        OAuthGrant? grant = null;
        switch (section.Auth)
        {
            case WebhookAuth.Basic basic:
                var pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{basic.Username}:{secrets.Get(basic.Password.Name)}"));
                secrets.Hide(pair);
                metadata.Add("authorization", "Basic " + pair);
                break;
            case WebhookAuth.Bearer bearer:
                Add(metadata, "authorization", "Bearer " + secrets.Get(bearer.Token.Name), $"the secret '{bearer.Token.Name}'");
                break;
            case WebhookAuth.HeaderKey header:
                Add(metadata, header.Name.ToLowerInvariant(), secrets.Get(header.Value.Name), $"the secret '{header.Value.Name}'");
                break;
            case OAuth2 oauth:
                // The name that a target bears is not that of the token endpoint.
                grant = OAuthGrant.Resolve(oauth, secrets, tls is null ? HttpRoute.Plain : new HttpRoute(BrokerTls.Resolve(tls, secrets)! with { ServerName = null }, null));
                break;
            case WebhookAuth.Hmac hmac:
                signing = StandardWebhooks.Key(secrets.Get(hmac.Key.Name))
                    ?? throw new RequestFaultException($"the secret '{hmac.Key.Name}' begins with whsec_ but does not go on in base64");
                break;
        }

        var message = section.Message is { } body
            ? new GrpcRequest(plan, endpoint, templates.RenderBody(body, "grpc.message", out _), "grpc.message", metadata, signing)
            : new GrpcRequest(plan, endpoint, templates.Payload ?? "{}", "payload", metadata, signing);
        return (message with { Grant = grant }).AsEvent(attempt, templates, secrets, section.Message is null && templates.Payload is null);
    }

    /// <summary>The message <c>io.cloudevents.v1.CloudEvent</c>, or the same message with the attributes as metadata.</summary>
    private GrpcRequest AsEvent(AttemptRequest attempt, AttemptTemplates templates, AttemptSecrets secrets, bool empty)
    {
        // In mode binary the data is what the JSON becomes.
        var structured = CloudEventMessage.ModeOf(attempt) == CloudEventMode.Structured;
        var made = CloudEventMessage.Of(attempt, templates, secrets, empty ? null : Encoding.UTF8.GetBytes(Message), structured ? "application/json" : "application/protobuf");
        if (made is null)
        {
            return this;
        }

        foreach (var (name, value) in made.Headers(CloudEventBinding.Grpc))
        {
            Metadata.Add(name, value);
        }

        return structured ? this with { Message = made.ToProtoJson(), MessageField = "cloud_event", IsEvent = true } : this;
    }

    /// <summary>Metadata of the call itself: the section's, the identity of the attempt, and the signature of the message.</summary>
    public Metadata ForCall(AttemptRequest attempt, byte[] message, DateTimeOffset now)
    {
        var all = new Metadata();
        foreach (var entry in Metadata)
        {
            all.Add(entry);
        }

        foreach (var (name, value) in AttemptIdentity.Headers(attempt))
        {
            all.Add(name, value);
        }

        if (SigningKey is not null)
        {
            all.Add("webhook-id", attempt.Execution.Value);
            all.Add("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
            all.Add("webhook-signature", StandardWebhooks.Sign(SigningKey, attempt.Execution.Value, now, message));
        }

        return all;
    }

    /// <summary>The call as it leaves, for who looks on.</summary>
    public SentMessage Describe(Metadata metadata) => new(
        "call", $"{Endpoint.Address.AbsoluteUri.TrimEnd('/')}/{Plan.Section.Method}", [],
        [.. metadata.Select(entry => (entry.Key, entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes) : entry.Value, HeaderRules.IsCredential(entry.Key)))],
        Encoding.UTF8.GetBytes(Message));

    private static void Add(Metadata metadata, string name, string value, string field)
    {
        if (GrpcSectionReader.FaultOfValue(name, value) is { } fault)
        {
            throw new RequestFaultException($"{field}: {fault}");
        }

        if (name.EndsWith("-bin", StringComparison.Ordinal))
        {
            metadata.Add(name, Convert.FromBase64String(value));
        }
        else
        {
            metadata.Add(name, value);
        }
    }
}
