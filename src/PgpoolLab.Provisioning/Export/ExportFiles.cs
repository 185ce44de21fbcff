using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using Scriban.Runtime;

namespace PgpoolLab.Provisioning.Export;

/// <summary>A file of an export.</summary>
/// <param name="Path">Where in the folder it lies.</param>
/// <param name="Text">What it says.</param>
/// <param name="Mode">Who may read it.</param>
/// <param name="IsSecret">True when passwords are in it: one that is there already stays, as servers may use
/// it.</param>
public sealed record ExportedFile(string Path, string Text, UnixFileMode Mode, bool IsSecret = false)
{
    /// <summary>What one that is there must have in it to be kept: that of another lab is of no use. Null when all
    /// would do.</summary>
    public string? KeptFor { get; init; }
}

/// <summary>Makes the texts of an export.</summary>
/// <param name="renderer">Has the templates.</param>
public sealed class ExportFiles(ConfigRenderer renderer)
{
    /// <summary>What stands for a password until somebody has chosen one.</summary>
    private const string Placeholder = "change-me";

    private static readonly string[] KubernetesFiles =
    [
        "cluster.yaml",
        "pgpool-configmap.yaml",
        "pgpool-deployment.yaml",
        "pgpool-service.yaml",
        "pgpool-pdb.yaml",
    ];

    private static readonly string[] ComposeFiles =
    [
        "compose.yaml",
        "node.sh",
        "node0.sql",
        "postgresql.conf",
        "pg_hba.conf",
        "pgpool.sh",
        "pgpool.conf",
        "pool_hba.conf",
    ];

    private const string KubernetesSecret = "secret.yaml";

    private static readonly string[] ComposeSecrets =
    [
        "secrets/superuser_password",
        "secrets/replication_password",
        "secrets/app_password",
    ];

    /// <summary>Where the files that hold passwords lie.</summary>
    public static IReadOnlyList<string> SecretsOf(ExportTarget target) =>
        target is ExportTarget.Kubernetes ? [KubernetesSecret] : ComposeSecrets;

    /// <summary>Every file, in the order of their names, README.md last.</summary>
    /// <param name="exported">What the engine is told.</param>
    /// <param name="password">Makes up a password; null to leave that to the user.</param>
    /// <param name="there">Files with passwords that are there already, and stay.</param>
    public IReadOnlyList<ExportedFile> Of(
        ExportedLab exported,
        Func<string>? password,
        IReadOnlySet<string>? there = null
    )
    {
        ArgumentNullException.ThrowIfNull(exported);
        var folder = exported.Target.Name();
        string[] kept = [.. SecretsOf(exported.Target).Where(s => there?.Contains(s) is true)];
        string[] missing = password is null ? [.. SecretsOf(exported.Target).Except(kept)] : [];
        string Text(string name, string given = Placeholder) =>
            renderer.RenderExport($"{folder}/{name}", exported.Lab, Names(exported, kept, missing, given));

        ExportedFile Secret(string path)
        {
            var isExample = missing.Contains(path);
            var given = kept.Contains(path) ? Placeholder : password?.Invoke() ?? Placeholder;
            var isKubernetes = exported.Target is ExportTarget.Kubernetes;
            return new ExportedFile(
                path + (isExample ? ".example" : ""),
                isKubernetes ? Text(path, given) : given + "\n",
                isExample ? Modes.Readable : Modes.PrivateFile,
                !isExample
            )
            {
                KeptFor = isKubernetes && !isExample ? $"name: {exported.Name}-app" : null,
            };
        }

        var secrets = SecretsOf(exported.Target).Select(Secret);
        string[] files = exported.Target is ExportTarget.Kubernetes ? KubernetesFiles : ComposeFiles;
        return
        [
            .. files.Select(f => new ExportedFile(f, Text(f), Modes.Readable)),
            .. secrets,
            new("README.md", Text("README.md"), Modes.Readable),
        ];
    }

    /// <summary>What the templates of an export can name as <c>export</c>.</summary>
    /// <param name="exported">What the engine is told.</param>
    /// <param name="kept">Files with passwords that were there before.</param>
    /// <param name="missing">Files with passwords that the user has to make.</param>
    /// <param name="password">The password of a file.</param>
    private static StrictObject Names(ExportedLab exported, string[] kept, string[] missing, string password)
    {
        // Since 18 the image has its volume one folder higher.
        const int oneVolumeForAllMajors = 18;
        var major = exported.Lab.Tools.Postgres.Major;
        return new StrictObject("export")
        {
            ["name"] = exported.Name,
            ["instances"] = exported.Lab.Nodes.Count,
            ["database"] = Lab.Database,
            ["role"] = ExportedLab.ApplicationRole,
            ["password"] = password,
            ["has_secrets"] = missing.Length == 0,
            ["kept_secrets"] = new ScriptArray(kept),
            ["missing_secrets"] = new ScriptArray(missing),
            ["replicas"] = exported.Pgpools,
            ["postgres_image"] = exported.PostgresImage,
            ["pgpool_image"] = exported.PgpoolImage,
            ["pgpool_memory"] = exported.PgpoolMemory,
            ["kubernetes"] = exported.Target is ExportTarget.Kubernetes,
            ["volume"] = major >= oneVolumeForAllMajors ? "/var/lib/postgresql" : "/var/lib/postgresql/data",
            ["postgresql"] = TemplateModel.Pairs(exported.PostgresSettings),
            ["pgpool"] = TemplateModel.Pairs(exported.PgpoolSettings),
            ["libraries"] = new ScriptArray(exported.Libraries),
            ["sync"] = exported.Sync is { } sync
                ? new StrictObject("sync") { ["method"] = sync.Any ? "any" : "first", ["number"] = sync.Number }
                : null,
            ["differences"] = new ScriptArray(exported.Differences),
        };
    }
}
