using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;

namespace PgpoolLab.Cli.Rendering;

/// <summary>The shape of <c>setup --json</c> and <c>up --json</c>. It holds no secrets.</summary>
internal sealed record LabInfo(string Name, string Directory, string User, bool Running, int PgpoolPort, int PcpPort, IReadOnlyList<NodeInfo> Nodes, string Database, string PcpPassFile)
{
    internal static LabInfo Of(Lab lab, bool running) => new(lab.Name, lab.Root, lab.Owner, running, lab.Pgpool.Port, lab.Pgpool.PcpPort,
        lab.Nodes.Select(n => new NodeInfo(n.Id, n.Port, n.DataDirectory)).ToArray(), Lab.Database, lab.Paths.PcpPass);

    internal string ToJson() => JsonSerializer.Serialize(this, LabInfoJson.Readable.LabInfo);
}

/// <summary>One node of <see cref="LabInfo"/>.</summary>
internal sealed record NodeInfo(int Id, int Port, string DataDirectory);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LabInfo))]
internal sealed partial class LabInfoJson : JsonSerializerContext
{
    internal static LabInfoJson Readable => new(new JsonSerializerOptions(Default.Options) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

/// <summary>What setup says at its end: that it works, and the lines to paste next.</summary>
internal static class SetupSummary
{
    internal static void Say(Terminal terminal, SetupResult result, bool running, TimeSpan elapsed)
    {
        var lab = result.Lab;
        var primary = lab.Nodes[0];
        terminal.Say("");
        terminal.Say($"The lab '{lab.Name}' works ({elapsed.TotalSeconds:0.0} s): a row written through Pgpool-II was read on {(lab.Nodes.Count == 1 ? "its node" : $"all {lab.Nodes.Count} nodes")}. It is {(running ? "running" : "stopped now")}.");
        terminal.Say("");
        terminal.Say($"  Folder      {lab.Root}");
        terminal.Say($"  Pgpool-II   port {lab.Pgpool.Port}, database {Lab.Database}, user {lab.Owner}");
        terminal.Say($"  Nodes       {string.Join(", ", lab.Nodes.Select(n => $"{n.Id}: port {n.Port}"))}");
        terminal.Say($"  pcp         port {lab.Pgpool.PcpPort}, password {result.PcpUsers[0].Password} (user {result.PcpUsers[0].Name})");
        if (result.PcpUsers.Count > 1)
        {
            terminal.Say($"              password {result.PcpUsers[1].Password} (user {result.PcpUsers[1].Name})");
        }

        terminal.Say("");
        terminal.Say("Next, paste:");
        if (Environment.CurrentDirectory != lab.Root || lab.Invoker is not null)
        {
            terminal.Say($"  cd {Shell.Quote(lab.Root)}");
        }

        Line($"eval \"$({Invocation.Command} env)\"", "this shell's psql, pgbench, pg_ctl and pcp_* find the lab");
        if (!running)
        {
            Line("./startall", "start everything");
        }

        Line("pgpoollab nodes", "what Pgpool-II thinks, and what each node says");
        Line($"pgbench -i -p {lab.Pgpool.Port} {Lab.Database}", "give it something to do");
        if (lab.Nodes.Count > 1)
        {
            Line($"pg_ctl -m immediate -D data{primary.Id} stop", "kill the primary, and watch: pgpoollab nodes --watch");
            Line($"pcp_recovery_node -p {lab.Pgpool.PcpPort} -n {primary.Id}", "bring it back as a standby");
        }

        Line("./stopall", "stop everything");
        Line("pgpoollab destroy", "remove it all");

        void Line(string command, string comment) => terminal.Say($"  {command,-38} # {comment}");
    }
}
