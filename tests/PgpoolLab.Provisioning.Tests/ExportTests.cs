using k8s;
using k8s.Models;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;
using PgpoolLab.Servers.Programs;
using YamlDotNet.Serialization;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>The files of an export. No engine runs here; what can be proved without one is.</summary>
public sealed class ExportTests
{
    /// <summary>The fields of a Cluster that an export uses, and what each is.</summary>
    /// <remarks>CloudNativePG's "API Reference" (docs/src/cloudnative-pg.v1.md of its repository): ClusterSpec,
    /// StorageConfiguration, AffinityConfiguration, BootstrapInitDB, PostgresConfiguration,
    /// SynchronousReplicaConfiguration.</remarks>
    private static readonly Dictionary<string, string> ClusterFields = new()
    {
        ["apiVersion"] = "postgresql.cnpg.io/v1",
        ["kind"] = "Cluster",
        ["metadata.name"] = "text",
        ["spec.instances"] = "number",
        ["spec.imageName"] = "text",
        ["spec.storage.size"] = "text",
        ["spec.affinity.enablePodAntiAffinity"] = "boolean",
        ["spec.affinity.topologyKey"] = "text",
        ["spec.affinity.podAntiAffinityType"] = "text",
        ["spec.bootstrap.initdb.database"] = "text",
        ["spec.bootstrap.initdb.owner"] = "text",
        ["spec.bootstrap.initdb.secret.name"] = "text",
        ["spec.resources.requests.cpu"] = "text",
        ["spec.resources.requests.memory"] = "text",
        ["spec.resources.limits.memory"] = "text",
        ["spec.postgresql.synchronous.method"] = "text",
        ["spec.postgresql.synchronous.number"] = "number",
        ["spec.postgresql.shared_preload_libraries"] = "list",
    };

    public static TheoryData<string, string> Files =>
        new(
            Exports
                .Cases.Where(c => !c.Key.EndsWith("-nasty", StringComparison.Ordinal))
                .SelectMany(c => Exports.Files(c.Value).Keys.Select(f => (c.Key, f)))
        );

    public static TheoryData<string> Kinds => new(Exports.Cases.Keys);

    public static TheoryData<string> OnKubernetes =>
        new(Exports.Cases.Keys.Where(k => k.StartsWith("kubernetes", StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_exported_file_is_as_approved(string kind, string file) =>
        Snapshot.Approve($"export/{kind}/{file}", Exports.Files(Exports.Cases[kind])[file].Text);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_YAML_file_can_be_read_and_names_no_key_twice(string kind) =>
        Assert.All(Exports.Yaml(Exports.Files(Exports.Cases[kind])), f => Assert.NotEmpty(Read(f.Text)));

    [Fact]
    public void A_key_that_stands_twice_is_found() =>
        Assert.ThrowsAny<YamlDotNet.Core.YamlException>(() => Read("a: 1\na: 2\n"));

    /// <summary>As an API server with strict field validation reads them.</summary>
    [Theory]
    [MemberData(nameof(OnKubernetes))]
    public void Kubernetes_knows_every_member_of_the_objects_it_is_given(string kind)
    {
        var exported = Exports.Cases[kind];
        var files = Exports.Files(exported, () => "a-password");
        var objects = files
            .Values.Where(f => f.Path.EndsWith(".yaml", StringComparison.Ordinal) && f.Path != "cluster.yaml")
            .SelectMany(f => KubernetesYaml.LoadAllFromString(f.Text, strict: true))
            .ToArray();
        Assert.Equal(5, objects.Length);
        var name = exported.Name;
        var deployment = Assert.Single(objects.OfType<V1Deployment>());
        var labels = deployment.Spec.Template.Metadata.Labels;
        Assert.Equal(2, deployment.Spec.Replicas);
        foreach (
            var selector in new[]
            {
                deployment.Spec.Selector.MatchLabels,
                Assert.Single(objects.OfType<V1Service>()).Spec.Selector,
                Assert.Single(objects.OfType<V1PodDisruptionBudget>()).Spec.Selector.MatchLabels,
                deployment
                    .Spec
                    .Template
                    .Spec
                    .Affinity
                    .PodAntiAffinity
                    .PreferredDuringSchedulingIgnoredDuringExecution[0]
                    .PodAffinityTerm
                    .LabelSelector
                    .MatchLabels,
            }
        )
        {
            Assert.Equal(labels.OrderBy(l => l.Key), selector.OrderBy(l => l.Key));
        }

        var pod = deployment.Spec.Template.Spec;
        var container = Assert.Single(pod.Containers);
        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        Assert.NotNull(container.ReadinessProbe);
        Assert.NotNull(container.LivenessProbe);
        Assert.Equal(container.VolumeMounts.Select(m => m.Name).Order(), pod.Volumes.Select(v => v.Name).Order());
        Assert.Equal($"{name}-pgpool", pod.Volumes.Single(v => v.Name == "config").ConfigMap.Name);
        var secret = Assert.Single(objects.OfType<V1Secret>());
        Assert.Equal(
            ($"{name}-app", "kubernetes.io/basic-auth", "a-password"),
            (secret.Metadata.Name, secret.Type, secret.StringData["password"])
        );
        Assert.All(container.Env, e => Assert.Equal(secret.Metadata.Name, e.ValueFrom.SecretKeyRef.Name));
        Assert.All(container.Env, e => Assert.Contains(e.ValueFrom.SecretKeyRef.Key, secret.StringData.Keys));
    }

    [Fact]
    public void A_member_that_Kubernetes_does_not_know_is_found()
    {
        var service = Exports.Files(Exports.Cases["kubernetes-one"])["pgpool-service.yaml"].Text;
        Assert.Single(KubernetesYaml.LoadAllFromString(service, strict: true));
        Assert.ThrowsAny<Exception>(() =>
            KubernetesYaml.LoadAllFromString(
                service.Replace("selector:", "selektor:", StringComparison.Ordinal),
                strict: true
            )
        );
    }

    [Theory]
    [MemberData(nameof(OnKubernetes))]
    public void A_cluster_has_only_fields_that_CloudNativePG_documents(string kind)
    {
        var exported = Exports.Cases[kind];
        var cluster = Read(Exports.Files(exported)["cluster.yaml"].Text);
        foreach (var (path, value) in Leaves(cluster, ""))
        {
            if (path.StartsWith("spec.postgresql.parameters.", StringComparison.Ordinal))
            {
                // The API takes a map of texts: a boolean or number there is refused.
                Assert.IsType<string>(value);
                continue;
            }

            Assert.True(ClusterFields.TryGetValue(path, out var kindOfValue), path);
            Assert.True(
                kindOfValue switch
                {
                    "number" => value is int or long or byte or short,
                    "boolean" => value is bool,
                    "list" => value is List<object>,
                    "text" => value is string,
                    _ => Equals(value, kindOfValue),
                },
                $"{path}: {value} ({value.GetType().Name})"
            );
        }

        var spec = (Dictionary<object, object>)cluster["spec"];
        Assert.Equal(exported.Lab.Nodes.Count, Convert.ToInt32(spec["instances"]));
    }

    /// <summary>Every value comes out of the YAML as it was asked for.</summary>
    [Fact]
    public void Settings_survive_whatever_is_in_them()
    {
        var exported = Exports.Cases["kubernetes-nasty"];
        var files = Exports.Files(exported);
        var spec = (Dictionary<object, object>)Read(files["cluster.yaml"].Text)["spec"];
        var parameters = (Dictionary<object, object>)((Dictionary<object, object>)spec["postgresql"])["parameters"];
        Assert.Equal(
            exported.Lab.PostgresSettings.OrderBy(s => s.Key, StringComparer.Ordinal),
            parameters
                .Where(p => ((string)p.Key).StartsWith("nasty", StringComparison.Ordinal))
                .Select(p => new KeyValuePair<string, string>((string)p.Key, (string)p.Value))
        );
        var data = (Dictionary<object, object>)Read(files["pgpool-configmap.yaml"].Text)["data"];
        Assert.All(
            exported.Lab.PgpoolSettings,
            s => Assert.Contains($"\n{s.Key} = '{s.Value}'\n", (string)data["pgpool.conf"], StringComparison.Ordinal)
        );
        var compose = Exports.Files(Exports.Cases["compose-nasty"]);
        Assert.All(
            exported.Lab.PostgresSettings,
            s =>
                Assert.Contains(
                    $"\n{s.Key} = {ConfigQuoting.Value(s.Value)}\n",
                    compose["postgresql.conf"].Text,
                    StringComparison.Ordinal
                )
        );
    }

    /// <summary>Two that decide on a primary are a split brain: only the operator may.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Pgpool_never_fails_over(string kind)
    {
        var exported = Exports.Cases[kind];
        var files = Exports.Files(exported);
        var text =
            exported.Target is ExportTarget.Compose
                ? files["pgpool.conf"].Text
                : (string)
                    ((Dictionary<object, object>)Read(files["pgpool-configmap.yaml"].Text)["data"])["pgpool.conf"];
        var settings = ConfigText.Settings(text).ToLookup(s => s.Name, s => s.Value);
        Assert.All((string[])["health_check_period", "sr_check_period"], n => Assert.Equal(["0"], settings[n]));
        Assert.Equal(["off"], settings["failover_on_backend_error"]);
        Assert.DoesNotContain(
            settings,
            s =>
                s.Key.EndsWith("_command", StringComparison.Ordinal)
                || s.Key.Contains("watchdog", StringComparison.Ordinal)
                || s.Key.StartsWith("recovery_", StringComparison.Ordinal)
        );
        var flags = settings.Where(s => s.Key.StartsWith("backend_flag", StringComparison.Ordinal)).ToArray();
        var backends =
            exported.Target is ExportTarget.Compose ? exported.Lab.Nodes.Count
            : exported.Lab.Nodes.Count > 1 ? 2
            : 1;
        Assert.Equal(backends, flags.Length);
        Assert.All(flags, f => Assert.Contains("DISALLOW_TO_FAILOVER", f.Single(), StringComparison.Ordinal));
        Assert.Single(flags, f => f.Single().Contains("ALWAYS_", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_script_can_be_read_by_sh(string kind)
    {
        var files = Exports.Files(Exports.Cases[kind]);
        var scripts = files
            .Where(f => f.Key.EndsWith(".sh", StringComparison.Ordinal))
            .Select(f => new KeyValuePair<string, string>(f.Key, f.Value.Text))
            .ToList();
        if (files.TryGetValue("pgpool-configmap.yaml", out var map))
        {
            var data = (Dictionary<object, object>)Read(map.Text)["data"];
            scripts.Add(new("start.sh", (string)data["start.sh"]));
        }

        Assert.NotEmpty(scripts);
        await ScriptSyntax.RequireValidAsync(scripts);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_file_says_who_wrote_it_so_that_force_knows_it_again(string kind) =>
        Assert.All(
            Exports
                .Files(Exports.Cases[kind])
                .Values.Where(f => !f.Path.StartsWith("secrets/", StringComparison.Ordinal)),
            f => Assert.Contains(ExportFolder.Mark, f.Text[..200], StringComparison.Ordinal)
        );

    [Theory]
    [InlineData("kubernetes-one", "secret.yaml")]
    [InlineData("compose-one", "secrets/app_password secrets/replication_password secrets/superuser_password")]
    public void Passwords_are_made_up_for_it_and_lie_in_files_for_the_user_alone(string kind, string secrets)
    {
        var made = 0;
        var files = Exports.Files(Exports.Cases[kind], () => $"made-up-{++made}");
        var holders = files.Values.Where(f => f.Text.Contains("made-up-", StringComparison.Ordinal)).ToArray();
        Assert.Equal(secrets.Split(' '), holders.Select(f => f.Path).Order(StringComparer.Ordinal));
        Assert.Equal(holders.Length, made);
        Assert.All(holders, f => Assert.Equal((Modes.PrivateFile, true), (f.Mode, f.IsSecret)));
        Assert.DoesNotContain(
            files.Values,
            f => Labs.Secrets.DatabaseUsers.Any(u => f.Text.Contains(u.Password, StringComparison.Ordinal))
        );

        var examples = Exports.Files(Exports.Cases[kind]);
        Assert.Equal(
            secrets.Split(' ').Select(s => s + ".example"),
            examples.Keys.Where(k => k.Contains("secret", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        );
        Assert.DoesNotContain(examples.Values, f => f.IsSecret);
    }

    /// <summary>Passwords that were there before stay, and nobody is asked to make them: servers may use
    /// them.</summary>
    [Fact]
    public void The_README_says_which_passwords_are_kept_and_which_are_to_be_made()
    {
        var files = Exports.Files(Exports.Cases["kubernetes-one"], there: ["secret.yaml"]);
        Assert.Contains(
            "| `secret.yaml` | the password of the role `app`; kept from before this export |",
            files["README.md"].Text,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("openssl", files["README.md"].Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret.yaml.example", files.Keys);
        Assert.Equal((true, "name: lab-app"), (files["secret.yaml"].IsSecret, files["secret.yaml"].KeptFor));
        Assert.Contains(files["secret.yaml"].KeptFor!, files["secret.yaml"].Text, StringComparison.Ordinal);

        files = Exports.Files(Exports.Cases["compose-one"], there: ["secrets/app_password"]);
        Assert.Contains(
            "Kept from before this export: secrets/app_password.",
            files["README.md"].Text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "\n(umask 077; for f in secrets/superuser_password secrets/replication_password; do\n",
            files["README.md"].Text,
            StringComparison.Ordinal
        );
        Assert.Equal(
            ["secrets/app_password", "secrets/replication_password.example", "secrets/superuser_password.example"],
            files.Keys.Where(k => k.StartsWith("secrets/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        );

        var made = 0;
        files = Exports.Files(Exports.Cases["compose-one"], () => $"made-up-{++made}", ["secrets/app_password"]);
        Assert.Equal(2, made);
        Assert.DoesNotContain("openssl", files["README.md"].Text, StringComparison.Ordinal);
    }

    /// <summary>What is mounted must be there, and ports are on loopback alone.</summary>
    [Theory]
    [InlineData("compose-one")]
    [InlineData("compose-three-sync-settings")]
    [InlineData("compose-nasty")]
    public void The_Compose_file_names_its_own_files_and_opens_one_port_on_loopback(string kind)
    {
        var files = Exports.Files(Exports.Cases[kind], () => "p");
        var compose = Read(files["compose.yaml"].Text);
        Assert.Equal(["secrets", "services", "volumes"], compose.Keys.Cast<string>().Order(StringComparer.Ordinal));
        var services = ((Dictionary<object, object>)compose["services"])
            .Values.Cast<Dictionary<object, object>>()
            .ToArray();
        var volumes = ((Dictionary<object, object>)compose["volumes"]).Keys.Cast<string>();
        var mounted = services
            .SelectMany(s => ((List<object>)s["volumes"]).Cast<string>())
            .Select(v => v.Split(':')[0])
            .Distinct()
            .ToLookup(v => v.StartsWith("./", StringComparison.Ordinal));
        Assert.Equal(volumes.Order(), mounted[false].Order());
        Assert.Empty(mounted[true].Select(m => m[2..]).Except(files.Keys));
        Assert.Equal(
            files.Keys.Where(f => f.StartsWith("secrets/", StringComparison.Ordinal)).Order(),
            ((Dictionary<object, object>)compose["secrets"])
                .Values.Select(s => ((string)((Dictionary<object, object>)s)["file"])[2..])
                .Order()
        );
        Assert.Equal(
            ["127.0.0.1:${PGPOOL_PORT:-9999}:9999"],
            services.Where(s => s.ContainsKey("ports")).SelectMany(s => (List<object>)s["ports"])
        );
        Assert.All(
            services,
            s => Assert.True(s.ContainsKey("healthcheck") && (string)s["restart"] == "unless-stopped")
        );
    }

    private static Dictionary<object, object> Read(string yaml) =>
        new DeserializerBuilder()
            .WithAttemptingUnquotedStringTypeDeserialization()
            .WithDuplicateKeyChecking()
            .Build()
            .Deserialize<Dictionary<object, object>>(yaml);

    private static IEnumerable<(string Path, object Value)> Leaves(Dictionary<object, object> map, string above) =>
        map.SelectMany(m =>
            m.Value is Dictionary<object, object> inner
                ? Leaves(inner, $"{above}{m.Key}.")
                : [($"{above}{m.Key}", m.Value)]
        );
}
