using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Cli.Compatibility;

/// <summary>Says what the old scripts say, on standard output, where people read or grep it.</summary>
/// <param name="output">Standard output.</param>
/// <param name="error">Standard error, for what the old scripts had no words for.</param>
internal sealed class OldScreen(TextWriter output, TextWriter error) : IPlanObserver
{
    private readonly Lock _gate = new();

    public void Started(string title) { }

    public void Finished(string title, TimeSpan elapsed) { }

    public void Failed(string title) => Say(error, $"FAILED: {title}");

    public void Undoing(string title) { }

    public void Note(string text) => Say(error, text);

    public void Finished(IStep completed, Lab lab)
    {
        foreach (var line in Lines(completed, lab))
        {
            Say(output, line);
        }
    }

    internal void Say(string text) => Say(output, text);

    /// <summary>How a lab's setup begins.</summary>
    internal void Begin(Toolset tools, LabSpec spec)
    {
        Say($"PostgreSQL major version: {tools.Postgres.Major}0");
        Say($"Starting set up in {spec.Mode.Title()}");
        if (spec.PgpoolSetup?.SampleScripts is not null)
        {
            Say("Test Pgpool-II RPMs using sample scripts and config files");
        }
    }

    /// <summary>How it ends: where things are, and how to start them.</summary>
    internal void End(Lab lab, bool running)
    {
        var scripts = lab.Root;
        Say("");
        Say($"pgpool-II setting for {lab.Mode.Title()} is done.");
        Say($"To start the whole system, use {scripts}/startall.");
        Say($"To shutdown the whole system, use {scripts}/shutdownall.");
        Say($"pcp command user name is \"{lab.Owner}\", password is \"{lab.Owner}\".");
        Say("Each PostgreSQL, pgpool-II and pcp port is as follows:");
        foreach (var node in lab.Nodes)
        {
            Say($"#{node.Id + 1} port is {node.Port}");
        }

        foreach (var pgpool in lab.Pgpools)
        {
            Say($"pgpool{(lab.HasWatchdog ? pgpool.Id : "")} port is {pgpool.Port}");
            Say($"pcp{(lab.HasWatchdog ? pgpool.Id : "")} port is {pgpool.PcpPort}");
        }

        Say($"The info above is in {(lab.HasWatchdog ? "the README.port of each pgpool folder" : "README.port")}.");
        if (running)
        {
            Say("CAUTION: whole system is still running.");
        }
    }

    private static IEnumerable<string> Lines(IStep step, Lab lab) =>
        step switch
        {
            WriteLabFiles when lab.HasWatchdog => lab.Pgpools.Select(p =>
                $"============= setting up pgpool {p.Id} ============="
            ),
            WriteLabFiles =>
            [
                "creating startall and shutdownall",
                .. lab.Mode is ClusteringMode.StreamingReplication
                    ? (string[])["creating failover script", "creating follow primary script"]
                    : [],
            ],
            CreateNodes n =>
            [
                .. n.Nodes.Select(d => $"creating database cluster {d.DataDirectory}...done."),
                "create extensions",
            ],
            ConfigureNode =>
            [
                "update postgresql.conf",
                .. lab.Mode.HasOnlineRecovery()
                    ? (string[])["creating pgpool_remote_start", "creating basebackup.sh"]
                    : [],
            ],
            CopyNode n => [$"recovery node {n.Node.Id}...done."],
            ConfigureStandby => ["creating recovery.conf"],
            StartPgpool or AwaitPgpool => ["waiting for pgpool-II coming up...done."],
            _ => [],
        };

    private void Say(TextWriter writer, string text)
    {
        lock (_gate)
        {
            writer.WriteLine(text);
        }
    }
}
