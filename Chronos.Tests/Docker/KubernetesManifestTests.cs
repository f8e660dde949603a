using Chronos.Tests.Laws;
using k8s;
using k8s.Models;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Chronos.Tests.Docker;

/// <summary>The manifests against the types that the client of Kubernetes was generated with from its schema, and against each other.</summary>
public sealed class KubernetesManifestTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "docker", "kubernetes");
    private static readonly string[] Manifests =
        [.. Directory.EnumerateFiles(Folder, "*.yaml").Where(f => Path.GetFileName(f) is not "kustomization.yaml").Order(StringComparer.Ordinal)];

    private static V1StatefulSet Nodes => One<V1StatefulSet>("chronos");

    private static V1PodSpec Pod => Nodes.Spec.Template.Spec;

    private static V1Container Container => Assert.Single(Pod.Containers);

    [Fact]
    public void Every_manifest_has_the_fields_and_types_of_the_schema()
    {
        Assert.Equal(
            ["ConfigMap", "NetworkPolicy", "PodDisruptionBudget", "Role", "RoleBinding", "Secret", "Service", "Service", "ServiceAccount", "StatefulSet"],
            All().Select(o => ((IKubernetesObject)o).Kind).Order(StringComparer.Ordinal));
        Assert.All(All().Cast<IKubernetesObject<V1ObjectMeta>>(), o => Assert.Equal("chronos", o.Metadata.Labels["app.kubernetes.io/name"]));
    }

    [Theory]
    [InlineData("statefulset.yaml", "readOnlyRootFilesystem", "readonlyRootFilesystem")]
    [InlineData("statefulset.yaml", "replicas: 3", "replicas: three")]
    [InlineData("disruption.yaml", "maxUnavailable", "maxUnavailible")]
    [InlineData("network.yaml", "podSelector", "podSelektor")]
    public void A_field_that_is_not_in_the_schema_or_has_another_type_is_refused(string file, string right, string wrong)
    {
        var text = File.ReadAllText(Path.Combine(Folder, file));
        Assert.Contains(right, text, StringComparison.Ordinal);
        Assert.ThrowsAny<YamlException>(() => KubernetesYaml.LoadAllFromString(text.Replace(right, wrong, StringComparison.Ordinal), null, strict: true));
    }

    [Fact]
    public void The_base_lists_every_manifest_but_the_example_of_a_secret()
    {
        var listed = new DeserializerBuilder().IgnoreUnmatchedProperties().Build()
            .Deserialize<Dictionary<string, object>>(File.ReadAllText(Path.Combine(Folder, "kustomization.yaml")))["resources"];
        Assert.Equal(
            Manifests.Select(m => Path.GetFileName(m)).Except(["secret.example.yaml"]).Order(StringComparer.Ordinal), ((List<object>)listed).Cast<string>().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_one_manifest_names_another_has()
    {
        var labels = Nodes.Spec.Template.Metadata.Labels;
        Assert.Equal(labels, Nodes.Spec.Selector.MatchLabels);
        Assert.Equal(labels, One<V1PodDisruptionBudget>("chronos").Spec.Selector.MatchLabels);
        Assert.Equal(labels, One<V1NetworkPolicy>("chronos").Spec.PodSelector.MatchLabels);
        Assert.All(All().OfType<V1Service>(), s => Assert.Equal(labels, s.Spec.Selector));
        Assert.All(All().OfType<V1Service>().SelectMany(s => s.Spec.Ports), p => Assert.Contains(Container.Ports, c => c.Name == NameOf(p.TargetPort) && c.ContainerPort == p.Port));
        var peers = One<V1Service>(Nodes.Spec.ServiceName);
        Assert.Equal("None", peers.Spec.ClusterIP);
        Assert.True(peers.Spec.PublishNotReadyAddresses);
        Assert.NotNull(One<V1ServiceAccount>(Pod.ServiceAccountName));
        var binding = One<V1RoleBinding>("chronos-discovery");
        Assert.NotNull(One<V1Role>(binding.RoleRef.Name));
        Assert.Equal(Pod.ServiceAccountName, Assert.Single(binding.Subjects).Name);
        Assert.NotNull(One<V1ConfigMap>(Assert.Single(Container.EnvFrom).ConfigMapRef.Name));
        Assert.All(Pod.Volumes.Where(v => v.Secret is not null), v => Assert.NotNull(One<V1Secret>(v.Secret.SecretName)));
        var volumes = Pod.Volumes.Select(v => v.Name).Concat(Nodes.Spec.VolumeClaimTemplates.Select(c => c.Metadata.Name)).ToList();
        Assert.Equal(volumes.Order(StringComparer.Ordinal), Container.VolumeMounts.Select(m => m.Name).Order(StringComparer.Ordinal));
        Assert.All(
            (V1Probe[])[Container.StartupProbe, Container.LivenessProbe, Container.ReadinessProbe], p => Assert.Contains(Container.Ports, c => c.Name == NameOf(p.HttpGet.Port)));
    }

    [Fact]
    public void The_cluster_port_is_for_the_pods_of_the_cluster_alone()
    {
        var rule = Assert.Single(One<V1NetworkPolicy>("chronos").Spec.Ingress, r => r.Ports.Any(p => NameOf(p.Port) == "cluster"));
        Assert.Single(rule.Ports);
        var from = Assert.Single(rule.FromProperty);
        Assert.Equal(Nodes.Spec.Template.Metadata.Labels, from.PodSelector.MatchLabels);
        Assert.Null(from.NamespaceSelector);
    }

    [Fact]
    public void A_pod_is_not_root_and_writes_nothing_but_its_volumes()
    {
        Assert.True(Pod.SecurityContext.RunAsNonRoot);
        Assert.True(Container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.False(Container.SecurityContext.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], Container.SecurityContext.Capabilities.Drop);
        Assert.Contains($"USER {Pod.SecurityContext.RunAsUser}:{Pod.SecurityContext.RunAsGroup}", File.ReadAllText(Path.Combine(Repository.Root, "docker", "Dockerfile")), StringComparison.Ordinal);

        // Kubernetes would add CHRONOS_PORT and the like for the service "chronos", and a node stops at a key that it does not know.
        Assert.False(Pod.EnableServiceLinks);
    }

    [Fact]
    public void A_node_starts_with_the_environment_of_its_pod_and_knows_the_others()
    {
        var settings = Enumerable.Range(0, Nodes.Spec.Replicas!.Value).Select(SettingsOf).ToList();
        Assert.All(settings, s => Assert.Equal(settings.Select(o => $"{o.ClusterHost}:{o.ClusterPort}"), s.ClusterSeeds));
        Assert.Equal("chronos-1.chronos-nodes.jobs.svc.cluster.local", settings[1].ClusterHost);
        Assert.Contains(Container.Ports, p => p.Name == "cluster" && p.ContainerPort == settings[0].ClusterPort);
        Assert.Contains(Container.Ports, p => p.Name == "http" && p.ContainerPort == settings[0].HttpUrl.Port);
        Assert.Contains(Container.VolumeMounts, m => m.MountPath == settings[0].Data);
    }

    private static Chronos.Host.Hosting.ChronosSettings SettingsOf(int ordinal)
    {
        var environment = new Dictionary<string, string>(One<V1ConfigMap>("chronos").Data);
        foreach (var variable in Container.Env)
        {
            environment[variable.Name] = variable.ValueFrom?.FieldRef.FieldPath switch
            {
                "metadata.name" => $"chronos-{ordinal}",
                "metadata.namespace" => "jobs",
                null => environment.Where(v => variable.Value.Contains($"$({v.Key})", StringComparison.Ordinal)).Aggregate(
                    variable.Value, (text, known) => text.Replace($"$({known.Key})", known.Value, StringComparison.Ordinal)),
                var other => throw new InvalidOperationException($"what is {other}?"),
            };
        }

        Assert.All(environment.Values, v => Assert.DoesNotContain("$(", v, StringComparison.Ordinal));
        return NodeSettings.Of(environment, new Dictionary<string, string>(One<V1Secret>("chronos").StringData));
    }

    private static string? NameOf(IntOrString? port) => port is { } there ? (string)there : null;

    private static IEnumerable<object> All() => Manifests.SelectMany(m => KubernetesYaml.LoadAllFromString(File.ReadAllText(m), null, strict: true));

    private static T One<T>(string name)
        where T : IKubernetesObject<V1ObjectMeta> => Assert.Single(All().OfType<T>(), o => o.Metadata.Name == name);
}
