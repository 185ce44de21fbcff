using System.Runtime.CompilerServices;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Every file setup writes for a lab: the steps that write do so on a machine in memory.</summary>
internal static class RenderedFiles
{
    /// <summary>File names of what a shell runs.</summary>
    private static readonly string[] Scripts =
    [
        "startall",
        "stopall",
        "shutdownall",
        "pgpool_reload",
        "failover.sh",
        "follow_primary.sh",
        "basebackup.sh",
        "pgpool_recovery_pitr",
        "pgpool_remote_start",
        "bashrc.ports",
    ];

    /// <summary>One for all: it reads each template once.</summary>
    private static readonly ConfigRenderer Renderer = Labs.Renderer();

    /// <summary>Many tests look at the files of one lab.</summary>
    private static readonly ConditionalWeakTable<Lab, IReadOnlyDictionary<string, string>> Rendered = [];

    internal static bool IsScript(string file) => Scripts.Contains(Path.GetFileName(file));

    /// <summary>Their text, by their path in the lab's folder.</summary>
    internal static IReadOnlyDictionary<string, string> Of(Lab lab) =>
        Rendered.GetValue(
            lab,
            static l => Machine(l).Files.ToDictionary(f => Path.GetRelativePath(l.Root, f.Key), f => f.Value)
        );

    /// <summary>The machine after setup has written a lab's folders, links and files, and the first two nodes'
    /// own.</summary>
    internal static FakeHost Machine(Lab lab)
    {
        var host = new FakeHost();
        foreach (var sample in SamplesOf(lab))
        {
            host.Installed[sample] = File.ReadAllBytes(sample);
        }

        var context = new StepContext(
            host,
            lab,
            Renderer,
            new ProbeRunner(host, TimeProvider.System),
            Labs.SecretsOf(lab),
            new UndoStack(),
            Serilog.Core.Logger.None,
            TimeProvider.System
        );
        IStep[] steps =
        [
            new CreateFolders(),
            new WriteLabFiles(),
            .. lab.IsSpread ? lab.OwnNodes.SelectMany(n => OfOneHost(lab, n)) : [],
            .. lab
                .Nodes.Where(_ => lab is { OwnsNodes: true, IsSpread: false })
                .Take(2)
                .Select(n =>
                    n.Id > 0 && lab.Mode is ClusteringMode.StreamingReplication
                        ? (IStep)new ConfigureStandby(n, lab.Nodes[0])
                        : new ConfigureNode(n)
                ),
            .. lab is { HasWatchdog: true, PgpoolSetup: not null } ? (IStep[])[new AddWatchdog()] : [],
        ];
        foreach (var step in steps)
        {
            var done = step.ExecuteAsync(context, CancellationToken.None);
            Assert.True(done.IsCompletedSuccessfully, "A machine in memory never waits.");
        }

        return host;
    }

    /// <summary>A copy of a node on another host needs all settings of its own, over those it has brought
    /// along.</summary>
    private static IStep[] OfOneHost(Lab lab, PostgresNode node) =>
        [
            new ConfigureNode(node),
            .. node.Id > 0 ? (IStep[])[new ConfigureStandby(node, lab.Nodes[0], HasOwnSettings: true)] : [],
        ];

    /// <summary>The samples of Pgpool-II that a lab begins with, which lie on this machine's disk.</summary>
    private static IEnumerable<string> SamplesOf(Lab lab) =>
        [
            .. lab.PgpoolSetup?.Sample is { } sample && File.Exists(sample) ? (string[])[sample] : [],
            .. lab.PgpoolSetup?.SampleScripts is { } folder && Directory.Exists(folder)
                ? Directory.GetFiles(folder)
                : [],
        ];
}
