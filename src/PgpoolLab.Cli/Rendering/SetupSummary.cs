using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;

namespace PgpoolLab.Cli.Rendering;

/// <summary>The shape of <c>setup --json</c> and <c>up --json</c>. It holds no secrets.</summary>
internal sealed record LabInfo(
    string Name,
    string Directory,
    string User,
    bool Running,
    int PgpoolPort,
    int PcpPort,
    IReadOnlyList<NodeInfo> Nodes,
    string Database,
    string PcpPassFile,
    string Mode,
    IReadOnlyList<PgpoolInfo> Pgpools,
    IReadOnlyList<SettingsFileReport> SettingsFiles
)
{
    internal static LabInfo Of(Lab lab, bool running, IReadOnlyList<SettingsFileReport> files) =>
        new(
            lab.Name,
            lab.Root,
            lab.Owner,
            running,
            lab.Pgpool.Port,
            lab.Pgpool.PcpPort,
            lab.NodesInReach().Select(n => new NodeInfo(n.Id, n.Port, n.DataDirectory)).ToArray(),
            Lab.Database,
            lab.Pgpool.Paths.PcpPass,
            lab.Mode.Setting(),
            lab.PgpoolsInReach()
                .Select(p => new PgpoolInfo(p.Id, p.Port, p.PcpPort, p.Watchdog?.Port, p.Watchdog?.Heartbeat, p.Folder))
                .ToArray(),
            files
        );

    internal string ToJson() => JsonSerializer.Serialize(this, LabInfoJson.Readable.LabInfo);
}

/// <summary>One Pgpool-II of <see cref="LabInfo"/>; the watchdog's ports are null when it is the only one.</summary>
internal sealed record PgpoolInfo(
    int Id,
    int Port,
    int PcpPort,
    int? WatchdogPort,
    int? HeartbeatPort,
    string Directory
);

/// <summary>One node of <see cref="LabInfo"/>.</summary>
internal sealed record NodeInfo(int Id, int Port, string DataDirectory);

/// <summary>The shape of <c>setup --dry-run --json</c>.</summary>
/// <param name="Lab">The lab that would be made.</param>
/// <param name="Stages">One after the other; in each the lanes, which run side by side, and the steps of each.</param>
internal sealed record PlannedSetup(LabInfo Lab, IReadOnlyList<PlannedStep[][]> Stages)
{
    internal static PlannedSetup Of(LabPlan plan) =>
        new(
            LabInfo.Of(plan.Lab, running: false, plan.SettingsFiles),
            [.. plan.Stages.Select(s => PlannedStep.Of(s, plan.Lab))]
        );

    internal string ToJson() => JsonSerializer.Serialize(this, LabInfoJson.Readable.PlannedSetup);
}

/// <summary>A problem in JSON is its sentence.</summary>
internal sealed class ProblemJsonConverter : JsonConverter<SpecProblem>
{
    /// <inheritdoc/>
    public override SpecProblem? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, SpecProblem value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Say(FieldNames.Option));
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(ProblemJsonConverter)]
)]
[JsonSerializable(typeof(LabInfo))]
[JsonSerializable(typeof(PlannedSetup))]
internal sealed partial class LabInfoJson : JsonSerializerContext
{
    internal static LabInfoJson Readable =>
        new(
            new JsonSerializerOptions(Default.Options)
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}

/// <summary>What setup says at its end: that it works, and the lines to paste next.</summary>
internal static class SetupSummary
{
    internal static void Say(Terminal terminal, SetupResult result, bool running, TimeSpan elapsed)
    {
        var lab = result.Lab;
        var primary = lab.Nodes[0];
        var streaming = lab.Mode is ClusteringMode.StreamingReplication;
        terminal.Say("");
        var proved =
            lab.Nodes.Count > 1 && lab.Mode is not ClusteringMode.Raw ? $"all {lab.Nodes.Count} nodes"
            : lab.Nodes.Count > 1 ? "node 0, the one Pgpool-II uses"
            : "its node";
        terminal.Say(
            $"The lab '{lab.Name}' works ({elapsed.TotalSeconds:0.0} s): a row written through "
                + $"{(lab.HasWatchdog ? "each Pgpool-II" : "Pgpool-II")} was read on {proved}. It is "
                + $"{(running ? "running" : "stopped now")}."
        );
        terminal.Say("");
        terminal.Say($"  Folder      {lab.Root}");
        terminal.Say(
            "  Mode        "
                + $"{lab.Mode.Title()}{(lab.HasWatchdog ? $", {lab.Pgpools.Count} Pgpool-IIs with a watchdog" : "")}"
        );
        terminal.Say(
            $"  Pgpool-II   port{(lab.HasWatchdog ? "s" : "")} "
                + $"{string.Join(", ", lab.Pgpools.Select(p => p.Port))}, database {Lab.Database}, user {lab.Owner}"
        );
        terminal.Say($"  Nodes       {string.Join(", ", lab.Nodes.Select(n => $"{n.Id}: port {n.Port}"))}");
        terminal.Say(
            $"  pcp         port{(lab.HasWatchdog ? "s" : "")} {string.Join(", ", lab.Pgpools.Select(p => p.PcpPort))}"
        );
        terminal.Say($"  Access      {Access(lab)}");
        terminal.Say("");
        terminal.Say("Next, paste:");
        if (Invocation.CurrentFolder != lab.Root || lab.Invoker is not null)
        {
            terminal.Say($"  cd {Shell.Quote(lab.Root)}");
        }

        Line($"eval \"$({Invocation.Command} env)\"", "this shell's psql, pgbench, pg_ctl and pcp_* find the lab");
        if (!running)
        {
            Line("./startall", "start everything");
        }

        Line("pgpoollab status", "what Pgpool-II thinks, what each node says, and what is wrong");
        Line($"pgbench -i -p {lab.Pgpool.Port} {Lab.Database}", "give it something to do");
        if (lab.HasWatchdog)
        {
            Line("pgpoollab kill leader", "crash the Pgpool-II that leads, and see another one lead");
            Line("pgpoollab start pgpool", "bring it back");
        }

        if (lab.Nodes.Count > 1)
        {
            Line("pgpoollab watch", "see what follows as it happens, in another window; q ends it");
            Line(
                $"pgpoollab kill {(streaming ? "primary" : primary.Id)}",
                streaming ? "crash the primary: a standby takes over" : $"crash node {primary.Id}"
            );
            Line(
                $"pgpoollab {(lab.Mode.HasOnlineRecovery() ? "recover" : "start")} {primary.Id}",
                streaming ? "bring it back as a standby" : "bring it back"
            );
        }

        Line("./stopall", "stop everything");
        Line("pgpoollab destroy", "remove it all");

        foreach (var warning in Warnings(lab))
        {
            terminal.Say("");
            terminal.Say($"warning: {warning}");
        }

        void Line(string command, string comment) => terminal.Say($"  {command, -38} # {comment}");
    }

    private static string Access(Lab lab)
    {
        var passwords = string.Join(
            ", ",
            (
                (string[])
                    [
                        lab.Asks ? Path.GetRelativePath(lab.Root, lab.Pgpool.Paths.PgPass) : "",
                        Path.GetRelativePath(lab.Root, lab.Pgpool.Paths.PcpPass),
                    ]
            ).Where(f => f.Length > 0)
        );
        var where =
            lab.ListenAddresses.Count == 0
                ? "this machine alone"
                : "this machine and, by TLS, "
                    + $"{string.Join(", ", lab.ListenAddresses.Select(a => a == "*" ? "every address" : a))}";
        return $"{where}; by TCP "
            + $"{(lab.Asks ? $"with a password ({lab.Auth.Setting()})" : "without a password")}; passwords "
            + $"in {passwords}";
    }

    /// <summary>What the user's own options have opened.</summary>
    internal static IEnumerable<string> Warnings(Lab lab)
    {
        if (!lab.Conventions.HasRoles)
        {
            yield break;
        }

        if (SynchronousStandbys.NodesThatStopWrites(lab) is { Count: > 0 } nodes)
        {
            yield return "writes wait for a synchronous standby (synchronous_standby_names): when node "
                + $"{string.Join(" or ", nodes)} is lost, "
                + "they wait until it is back. pgpoollab nodes says so, and how to end it.";
        }

        if (lab.Auth is AuthMethod.Trust)
        {
            yield return lab.ListenAddresses.Count > 0
                ? "with --auth trust and --listen anybody who reaches these ports is superuser, without a password."
                : "with --auth trust every user of this machine is superuser of this lab, without a password.";
        }
        else if (lab.Auth is AuthMethod.Md5)
        {
            yield return "md5 authentication is weak, and PostgreSQL gives it up; --auth scram is the default.";
        }
    }
}
