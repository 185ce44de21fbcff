using System.Globalization;
using System.Text;
using System.Text.Json;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>reload</c> and <c>lag</c> of a lab on several hosts: what they do is each host's own business.</summary>
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
            throw new LabException(
                ExitCode.Usage,
                $"The lab '{lab.Name}' is on several hosts; 'reload --restart' does not know in which order they may "
                    + "be restarted."
            )
            {
                Hints =
                [
                    "See what waits for a restart:  pgpoollab reload",
                    "Restart a server:  pgpoollab restart 1      pgpoollab restart pgpool1",
                ],
            };
        }

        await using var session = await SpreadCommands.ConnectAsync(terminal, lab, cancellationToken);
        var said = new string[lab.Hosts.Count];
        using (LabLock.Take(lab.Root))
        {
            await session.Parts.ForEachAsync(async h =>
                said[h.Host.Id] = await session.Parts.RunAsync(
                    h.Host,
                    "read its configuration again",
                    ["reload", .. json ? (string[])["--json"] : []],
                    cancellationToken
                )
            );
        }

        if (json)
        {
            terminal.Out.WriteLine(ToJson(lab, said));
            return (int)ExitCode.Done;
        }

        foreach (var host in lab.Hosts)
        {
            terminal.Out.WriteLine($"Host {host.Name}:");
            terminal.Out.Write(said[host.Id]);
        }

        return (int)ExitCode.Done;
    }

    /// <summary>What each host said, with its name.</summary>
    private static string ToJson(Lab lab, string[] said)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var host in lab.Hosts)
            {
                json.WriteStartObject();
                json.WriteString("host", host.Name);
                json.WritePropertyName("result");
                json.WriteRawValue(said[host.Id]);
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
