using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Exports of labs, for the tests that look at their files.</summary>
internal static class Exports
{
    /// <summary>Values with everything in them that YAML or Compose gives a meaning to.</summary>
    internal static readonly string[] NastyValues =
    [
        "on",
        "no",
        "null",
        "~",
        "1.10",
        "0x1F",
        "",
        " it's ",
        "a: b #c",
        "*star",
        "&and",
        "!tag",
        "{}",
        "[x]",
        "{{ lab.name }}",
        "- x",
        "? y",
        "| z",
        "> w",
        "%p",
        "@at",
        "`tick`",
        "\"quoted\"",
        @"C:\new\table",
        "${HOME} $$ $(id)",
        "---",
        "...",
        "\u2028line",
        "\uFEFFmark",
        "\u00A0\u200B",
        "🐘 中文",
    ];

    /// <summary>Labs of each kind that can be exported.</summary>
    internal static readonly Dictionary<string, ExportedLab> Cases = new()
    {
        ["kubernetes-one"] = Of(ExportTarget.Kubernetes, Labs.Fixed(nodes: 1)),
        ["kubernetes-three-settings"] = Of(
            ExportTarget.Kubernetes,
            Labs.Fixed(17, 6, nodes: 3) with
            {
                PgpoolSettings = new Dictionary<string, string>
                {
                    ["num_init_children"] = "64",
                    ["load_balance_mode"] = "off",
                    ["black_function_list"] = "#a: b*,{}&",
                },
                PostgresSettings = new Dictionary<string, string>
                {
                    ["work_mem"] = "8MB",
                    ["jit"] = "off",
                    ["shared_preload_libraries"] = "pg_stat_statements, auto_explain",
                    ["auto_explain.log_min_duration"] = "1s",
                },
            }
        ),
        ["kubernetes-tls-sync"] = Of(
            ExportTarget.Kubernetes,
            Labs.Fixed(18, 7, slots: false, root: "/srv/It's 1: *lab*") with
            {
                UseTls = true,
                ListenAddresses = ["*"],
                PostgresSettings = new Dictionary<string, string> { ["synchronous_standby_names"] = "ANY 1 (*)" },
            }
        ),
        ["compose-one"] = Of(ExportTarget.Compose, Labs.Fixed(nodes: 1)),
        ["compose-three-sync-settings"] = Of(
            ExportTarget.Compose,
            Labs.Fixed(18, 4, nodes: 3, root: "/srv/$HOME ${x}\u2028lab") with
            {
                PgpoolSettings = new Dictionary<string, string> { ["max_pool"] = "8" },
                PostgresSettings = new Dictionary<string, string>
                {
                    ["cluster_name"] = "it's \\ mine",
                    ["synchronous_standby_names"] = "FIRST 1 (server0, server1, server2)",
                },
            }
        ),
        ["kubernetes-old"] = Of(ExportTarget.Kubernetes, Labs.Fixed(14, 1)),
        ["kubernetes-nasty"] = Of(ExportTarget.Kubernetes, Nasty()),
        ["compose-nasty"] = Of(ExportTarget.Compose, Nasty()),
    };

    internal static ExportedLab Of(ExportTarget target, Lab lab, params string[] leftOut) =>
        new ExportPlanner(target, leftOut).Plan(lab, LabSettings.OfSetup(lab));

    internal static Dictionary<string, ExportedFile> Files(
        ExportedLab exported,
        Func<string>? password = null,
        params string[] there
    ) => new ExportFiles(Labs.Renderer()).Of(exported, password, there.ToHashSet()).ToDictionary(f => f.Path);

    internal static IEnumerable<ExportedFile> Yaml(Dictionary<string, ExportedFile> files) =>
        files.Values.Where(f => f.Path.Contains(".yaml", StringComparison.Ordinal));

    private static Lab Nasty() =>
        Labs.Fixed(root: Labs.NastyRoot, alias: Labs.NastyAlias) with
        {
            PostgresSettings = NastyValues.Select((v, i) => (v, i)).ToDictionary(p => $"nasty.v{p.i:00}", p => p.v),
            PgpoolSettings = NastyValues
                .Where(v => !v.Contains('\''))
                .Select((v, i) => (v, i))
                .ToDictionary(p => $"nasty_v{p.i:00}x", p => p.v),
        };
}
