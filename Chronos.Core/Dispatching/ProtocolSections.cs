using System.Collections.Immutable;
using System.Text.Json;
using Chronos.Core.Dispatching.CloudEvents;
using Chronos.Core.Dispatching.Grpc;
using Chronos.Core.Dispatching.Http;
using Chronos.Core.Dispatching.Kafka;
using Chronos.Core.Dispatching.Nats;
using Chronos.Core.Dispatching.RabbitMq;
using Chronos.Core.Dispatching.Templates;
using Chronos.Core.Kernel;

namespace Chronos.Core.Dispatching;

/// <summary>Validates the section of a job document that says where the job goes, and makes its canonical form.</summary>
public static class ProtocolSections
{
    private const string BrokenText = "holds half of a surrogate pair, which is no character";

    /// <summary>
    /// Reads the section of a protocol. Every fault is added to <paramref name="violations"/> with its path below
    /// <paramref name="path"/>; then the result is null. Otherwise it is canonical JSON: fixed order, defaults left out.
    /// </summary>
    public static string? Read(Protocol protocol, JsonElement section, string path, ICollection<Violation> violations)
    {
        try
        {
            switch (protocol)
            {
                case Protocol.Http: return WebhookSectionReader.Read(section, path, violations)?.ToJson();
                case Protocol.Grpc: return GrpcSectionReader.Read(section, path, violations)?.ToJson();
                case Protocol.Nats: return NatsSectionReader.Read(section, path, violations)?.ToJson();
                case Protocol.Rabbitmq: return RabbitSectionReader.Read(section, path, violations)?.ToJson();
                case Protocol.Kafka: return KafkaSectionReader.Read(section, path, violations)?.ToJson();
                default: throw new ArgumentOutOfRangeException(nameof(protocol), protocol, "no section of it can be read");
            }
        }
        catch (InvalidOperationException)
        {
            // The one thing that JSON may hold and a string may not.
            violations.Add(new Violation(path, BrokenText));
            return null;
        }
    }

    /// <summary>Names of the secrets that templates of a canonical section use; each must be listed under the job's <c>secrets</c>.</summary>
    public static ImmutableSortedSet<string> SecretsInTemplates(DispatchTarget target) =>
        target.CloudEvent is { } cloudEvent ? SecretsInSection(target).Union(CloudEventSection.Parse(cloudEvent).SecretsInTemplates()) : SecretsInSection(target);

    /// <summary>
    /// Checks the templates in the strings of a job's <c>payload</c>: broken ones, endless ones, and ones that use
    /// <c>payload</c>, which would refer to themselves.
    /// </summary>
    /// <returns>Names of the secrets that they use.</returns>
    public static ImmutableSortedSet<string> CheckPayload(JsonElement payload, string path, ICollection<Violation> violations)
    {
        var secrets = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        try
        {
            TemplateTree.Visit(payload, path, (text, at) => secrets.UnionWith(TemplateRules.Check(text, at, violations, inPayload: true)));
        }
        catch (InvalidOperationException)
        {
            violations.Add(new Violation(path, BrokenText));
        }

        return secrets.ToImmutable();
    }

    /// <summary>The strings of a section or payload whose templates put out the token or the address of a <c>callback</c>, by their paths.</summary>
    internal static IReadOnlyList<string> PathsWithCallback(string? json, string path)
    {
        var found = new List<string>();
        if (json?.Contains("callback", StringComparison.Ordinal) == true)
        {
            using var document = JsonDocument.Parse(json);
            TemplateTree.Visit(document.RootElement, path, (text, at) =>
            {
                if (TemplateText.IsTemplate(text) && TemplateGrammar.Mentions(text, "callback"))
                {
                    found.Add(at);
                }
            });
        }

        return found;
    }

    private static ImmutableSortedSet<string> SecretsInSection(DispatchTarget target) => target.Protocol switch
    {
        Protocol.Http => WebhookSection.Parse(target.Section).SecretsInTemplates(),
        Protocol.Grpc => GrpcSection.Parse(target.Section).SecretsInTemplates(),
        Protocol.Nats => NatsSection.Parse(target.Section).SecretsInTemplates(),
        Protocol.Rabbitmq => RabbitSection.Parse(target.Section).SecretsInTemplates(),
        Protocol.Kafka => KafkaSection.Parse(target.Section).SecretsInTemplates(),
        _ => [],
    };
}
