using Chronos.Core.Dispatching;
using Chronos.Core.Dispatching.CloudEvents;
using Chronos.Core.Kernel;

namespace Chronos.Core.Jobs;

/// <summary>The protocol section of a document: exactly one of them.</summary>
internal static class JobDocumentTarget
{
    private static readonly (string Name, Protocol Protocol)[] Sections =
        [("webhook", Protocol.Http), ("grpc", Protocol.Grpc), ("kafka", Protocol.Kafka), ("nats", Protocol.Nats), ("rabbitmq", Protocol.Rabbitmq)];

    public static DispatchTarget? Read(JobDocumentFields fields, DocumentMode mode, ICollection<Violation> violations)
    {
        if (fields.Any("workflow") is not null && mode == DocumentMode.Strict)
        {
            fields.Fault("workflow", "is not available yet");
            return null;
        }

        DispatchTarget? target = null;
        string? first = null;
        foreach (var (name, protocol) in Sections)
        {
            if (fields.Any(name) is not { } section)
            {
                continue;
            }

            if (first is not null)
            {
                fields.Fault(name, $"a job has exactly one target, and {first} is given already");
                continue;
            }

            first = name;
            target = mode == DocumentMode.Stored
                ? new DispatchTarget(protocol, JobDocumentText.Compact(section))
                : ProtocolSections.Read(protocol, section, name, violations) is { } canonical ? new DispatchTarget(protocol, canonical) : null;
        }

        if (first is null)
        {
            fields.Fault("webhook", "is missing: a job needs exactly one target");
        }

        return target;
    }

    /// <summary>The target with the event that its payload is sent as, when the document asks for one.</summary>
    public static DispatchTarget? WithEvent(JobDocumentFields fields, DispatchTarget? target, bool payload, DocumentMode mode, ICollection<Violation> violations)
    {
        if (fields.Any("cloud_event") is not { } value)
        {
            return target;
        }

        if (mode == DocumentMode.Stored)
        {
            return target is null ? null : target with { CloudEvent = JobDocumentText.Compact(value) };
        }

        var section = CloudEventReader.Read(value, "cloud_event", violations);
        if (section is null || target is null)
        {
            return null;
        }

        CloudEventReader.CheckAgainst(section, target, payload, violations);
        return target with { CloudEvent = section.ToJson() };
    }

    /// <summary>Without <c>callback</c> there is no token and no address that a template could put out, and each attempt would fail.</summary>
    public static void CheckCallback(JobDocumentFields fields, JobDefinition job)
    {
        if (CallbackRule.Of(job.Target) is not null)
        {
            return;
        }

        var section = Sections.First(s => s.Protocol == job.Target.Protocol).Name;
        foreach (var (name, json) in new[] { (section, job.Target.Section), ("cloud_event", job.Target.CloudEvent), ("payload", job.Payload) })
        {
            foreach (var path in ProtocolSections.PathsWithCallback(json, name))
            {
                fields.Fault(path, $"uses callback, which there is only with \"callback\": true in {section}");
            }
        }
    }

    /// <summary>A template gets at a secret only when the document lists it: who reads the list knows them all.</summary>
    public static void CheckSecrets(JobDocumentFields fields, JobDefinition job, IEnumerable<string> inPayload)
    {
        foreach (var name in ProtocolSections.SecretsInTemplates(job.Target).Union(inPayload).Where(n => !job.Secrets.Contains(n)))
        {
            fields.Fault("secrets", $"'{name}' is used by a template but not listed here");
        }
    }
}
