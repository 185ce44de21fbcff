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
public sealed record ExportedFile(string Path, string Text, UnixFileMode Mode, bool IsSecret = false);

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

    private static readonly string[] ComposeSecrets = ["superuser_password", "replication_password", "app_password"];

    /// <summary>Every file, in the order of their names, README.md last.</summary>
    /// <param name="exported">What the engine is told.</param>
    /// <param name="password">Makes up a password; null to leave that to the user.</param>
    public IReadOnlyList<ExportedFile> Of(ExportedLab exported, Func<string>? password)
    {
        ArgumentNullException.ThrowIfNull(exported);
        var folder = exported.Target.Name();
        string Text(string name, string given = Placeholder) =>
            renderer.RenderExport($"{folder}/{name}", exported.Lab, Names(exported, password is not null, given));

        var example = password is null ? ".example" : "";
        var mode = password is null ? Modes.Readable : Modes.PrivateFile;
        string Password() => password?.Invoke() ?? Placeholder;
        IEnumerable<ExportedFile> secrets =
            exported.Target is ExportTarget.Kubernetes
                ? [new($"secret.yaml{example}", Text("secret.yaml", Password()), mode, password is not null)]
                : ComposeSecrets.Select(s => new ExportedFile(
                    $"secrets/{s}{example}",
                    Password() + "\n",
                    mode,
                    password is not null
                ));
        string[] files = exported.Target is ExportTarget.Kubernetes ? KubernetesFiles : ComposeFiles;
        return
        [
            .. files.Select(f => new ExportedFile(f, Text(f), Modes.Readable)),
            .. secrets,
            new("README.md", Text("README.md"), Modes.Readable),
        ];
    }

    /// <summary>What the templates of an export can name as <c>export</c>.</summary>
    private static StrictObject Names(ExportedLab exported, bool hasSecrets, string password)
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
            ["has_secrets"] = hasSecrets,
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
