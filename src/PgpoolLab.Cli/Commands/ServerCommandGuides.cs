using PgpoolLab.Cli.Manual;

namespace PgpoolLab.Cli.Commands;

/// <summary>Group and examples of the commands that act on servers.</summary>
internal static class ServerCommandGuides
{
    private static readonly Dictionary<string, (CommandGroup Group, (string, string)[] Examples)> Guides = new()
    {
        ["stop"] = (
            CommandGroup.Run,
            [
                ("pgpoollab stop 1", "Stop node 1, and wait until Pgpool-II has given it up"),
                ("pgpoollab stop primary -m immediate", "Stop the primary without a checkpoint"),
            ]
        ),
        ["start"] = (
            CommandGroup.Run,
            [
                ("pgpoollab start 1", "Start node 1, and attach it when it streams"),
                ("pgpoollab start pgpool", "Start Pgpool-II"),
            ]
        ),
        ["restart"] = (CommandGroup.Run, [("pgpoollab restart standby", "Restart every standby")]),
        ["kill"] = (
            CommandGroup.Break,
            [
                ("pgpoollab kill primary", "Crash the primary, and wait until a standby has taken over"),
                ("pgpoollab kill leader", "Crash the Pgpool-II that leads the watchdog"),
            ]
        ),
        ["pause"] = (CommandGroup.Break, [("pgpoollab pause 0", "Make node 0 hang")]),
        ["resume"] = (CommandGroup.Break, [("pgpoollab resume 0", "Let node 0 go on")]),
        ["attach"] = (CommandGroup.Break, [("pgpoollab attach 1", "Make Pgpool-II use node 1 again")]),
        ["detach"] = (CommandGroup.Break, [("pgpoollab detach 1", "Make Pgpool-II stop using node 1")]),
        ["promote"] = (CommandGroup.Break, [("pgpoollab promote 1", "Make node 1 a second primary")]),
        ["switchover"] = (
            CommandGroup.Run,
            [
                ("pgpoollab switchover", "Let the standby that is least behind take over"),
                ("pgpoollab switchover 1", "Let node 1 take over"),
            ]
        ),
        ["recover"] = (
            CommandGroup.Break,
            [
                ("pgpoollab recover 0", "Make node 0 a standby again"),
                ("pgpoollab recover 0 --rewind", "The same with pg_rewind, which copies only what differs"),
                ("pgpoollab recover --all", "Recover every node that needs it"),
            ]
        ),
        ["add-node"] = (
            CommandGroup.Run,
            [
                ("pgpoollab add-node", "Add a standby"),
                ("pgpoollab add-node --dry-run", "Show what that would do, and do nothing"),
            ]
        ),
        ["remove-node"] = (
            CommandGroup.Run,
            [("pgpoollab remove-node 2", "Remove node 2, the last one, with its data")]
        ),
        ["wait"] = (
            CommandGroup.Look,
            [
                ("pgpoollab wait", "Wait until clients are served"),
                ("pgpoollab wait --for primary --timeout 2m", "Wait up to two minutes for a primary"),
                ("pgpoollab wait --for streaming", "Wait until every node is back"),
            ]
        ),
    };

    /// <summary>Those of a command.</summary>
    internal static (CommandGroup Group, (string, string)[] Examples) Of(string command) => Guides[command];
}
