using System.Globalization;
using System.Text;
using System.Text.Json;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>reload</c>, <c>config</c> and <c>lag</c> of a lab on several hosts: what they do is each host's own
/// business.</summary>
internal static class SpreadForward
{
    /// <summary>Has every server of every host read its configuration files again.</summary>
    internal static async Task<int> ReloadAsync(
        Terminal terminal,
        Lab lab,
        bool restart,
        bool json,
        CancellationToken cancellationToken
    )
    {
        if (restart)
        {
            throw NoOrder(lab, "reload --restart", "See what waits for a restart:  pgpoollab reload");
        }

        return await EachAsync(
            terminal,
            lab,
            "read its configuration again",
            ["reload"],
            json,
            changes: true,
            cancellationToken
        );
    }

    /// <summary><c>config get</c>, <c>set</c> and <c>diff</c>: asks, or changes, the servers of every host.</summary>
    /// <param name="terminal">Where to speak.</param>
    /// <param name="lab">The whole lab.</param>
    /// <param name="words">The command's name and its arguments.</param>
    /// <param name="restart">Whether servers are to be restarted.</param>
    /// <param name="json">Print it for programs.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static Task<int> ConfigAsync(
        Terminal terminal,
        Lab lab,
        IReadOnlyList<string> words,
        bool restart,
        bool json,
        CancellationToken cancellationToken
    )
    {
        var sets = words[0] == "set";
        return restart
            ? throw NoOrder(lab, "config set --restart", "Without it the change waits for a restart:  pgpoollab reload")
            : EachAsync(
                terminal,
                lab,
                sets ? "change its settings" : "say its settings",
                ["config", .. words],
                json,
                sets,
                cancellationToken
            );
    }

    private static LabException NoOrder(Lab lab, string command, string first) =>
        new(
            ExitCode.Usage,
            $"The lab '{lab.Name}' is on several hosts; '{command}' does not know in which order they may be restarted."
        )
        {
            Hints = [first, "Restart a server:  pgpoollab restart 1      pgpoollab restart pgpool1"],
        };

    /// <summary>Has every host do the same, all at once, and shows what each says.</summary>
    private static async Task<int> EachAsync(
        Terminal terminal,
        Lab lab,
        string what,
        IReadOnlyList<string> command,
        bool json,
        bool changes,
        CancellationToken cancellationToken
    )
    {
        await using var session = await SpreadCommands.ConnectAsync(terminal, lab, cancellationToken);
        var said = new string[lab.Hosts.Count];
        using (changes ? LabLock.Take(lab.Root) : null)
        {
            await session.Parts.ForEachAsync(async h =>
                said[h.Host.Id] = await session.Parts.RunAsync(
                    h.Host,
                    what,
                    [.. command, .. json ? (string[])["--json"] : []],
                    cancellationToken
                )
            );
        }

        // That restarts all servers of one host at once.
        const string there = "  → pgpoollab reload --restart\n";
        Print(terminal, lab, [.. said.Select(s => s.Replace(there, "", StringComparison.Ordinal))], json);
        if (!json && said.Any(s => s.Contains(there, StringComparison.Ordinal)))
        {
            ErrorView.Hint(
                terminal,
                "Restart what needs it, one server after the other, standbys first:  pgpoollab restart 1"
            );
        }

        return (int)ExitCode.Done;
    }

    /// <summary>Prints what each host said, with its name.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="lab">The whole lab.</param>
    /// <param name="said">By number of host; null of one that was not asked.</param>
    /// <param name="json">For programs: what they said is JSON.</param>
    internal static void Print(Terminal terminal, Lab lab, IReadOnlyList<string?> said, bool json)
    {
        if (json)
        {
            terminal.Out.WriteLine(ToJson(lab, said));
            return;
        }

        foreach (var host in lab.Hosts.Where(h => said[h.Id] is not null))
        {
            terminal.Out.WriteLine($"Host {host.Name}:");
            terminal.Out.Write(said[host.Id]);
        }
    }

    private static string ToJson(Lab lab, IReadOnlyList<string?> said)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var host in lab.Hosts.Where(h => said[h.Id] is not null))
            {
                json.WriteStartObject();
                json.WriteString("host", host.Name);
                json.WritePropertyName("result");
                json.WriteRawValue(said[host.Id]!);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>Has a standby replay later.</summary>
    /// <returns>What its host says, as JSON.</returns>
    internal static async Task<string> LagAsync(
        Terminal terminal,
        Lab lab,
        string number,
        string delay,
        CancellationToken cancellationToken
    )
    {
        var node = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? Target.NodeOf(lab, id)
            : throw new LabException(ExitCode.Usage, $"'{number}' is no node's number.");
        await using var session = await SpreadCommands.ConnectAsync(terminal, lab, cancellationToken);
        using var labLock = LabLock.Take(lab.Root);
        return await session.Parts.RunAsync(
            lab.Hosts[node.Host ?? 0],
            $"delay node {node.Id}",
            ["lag", $"{node.Id}", delay, "--json"],
            cancellationToken
        );
    }
}
