using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;

namespace PgpoolLab.Cli.Compatibility;

/// <summary>Says what the old scripts say, on standard output, where people read or grep it.</summary>
/// <param name="output">Standard output.</param>
/// <param name="error">Standard error, for what the old scripts had no words for.</param>
internal sealed class OldScreen(TextWriter output, TextWriter error) : ILabEventReader
{
    private readonly Lock _gate = new();

    public void Read(LabEvent happened)
    {
        switch (happened)
        {
            case StepEvent { Phase: StepPhase.Ends } step:
                foreach (var line in Lines(step.Subject, step.Lab))
                {
                    Say(output, line);
                }

                break;
            case StepEvent { Phase: StepPhase.Fails } step:
                Say(error, $"FAILED: {step.Title}");
                break;
            case { Name: LabEventNames.Note }:
                Note(happened.Text);
                break;
            default:
                break;
        }
    }

    internal void Note(string text) => Say(error, text);

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

    private static IEnumerable<string> Lines(StepSubject subject, Lab lab) =>
        subject.Act switch
        {
            StepAct.WriteFiles when lab.HasWatchdog => lab.Pgpools.Select(p =>
                $"============= setting up pgpool {p.Id} ============="
            ),
            StepAct.WriteFiles =>
            [
                "creating startall and shutdownall",
                .. lab.Mode is ClusteringMode.StreamingReplication
                    ? (string[])["creating failover script", "creating follow primary script"]
                    : [],
            ],
            StepAct.CreateNodes =>
            [
                .. subject.Nodes.Select(n => $"creating database cluster {lab.Nodes[n].DataDirectory}...done."),
                "create extensions",
            ],
            StepAct.ConfigureNode =>
            [
                "update postgresql.conf",
                .. lab.Mode.HasOnlineRecovery()
                    ? (string[])["creating pgpool_remote_start", "creating basebackup.sh"]
                    : [],
            ],
            StepAct.CopyNode => [$"recovery node {subject.Node}...done."],
            StepAct.ConfigureStandby => ["creating recovery.conf"],
            StepAct.Start or StepAct.Await when subject.Pgpool is not null =>
            [
                "waiting for pgpool-II coming up...done.",
            ],
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
