using System.Globalization;
using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Makes a node that is stopped a standby of a primary on another host by pg_rewind: only what differs is
/// copied. The node's own settings stay.</summary>
/// <param name="Node">The node.</param>
/// <param name="Source">The primary it is to follow.</param>
/// <remarks>PostgreSQL manual, "pg_rewind".</remarks>
public sealed partial record RewindBeside(PostgresNode Node, PostgresNode Source) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Rewind node {Node.Id} to node {Source.Id} (pg_rewind)";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.CopyNode, Node.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return Rewind(lab).ToString();
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (host, files, lab) = (context.Host, context.Host.Files, context.Lab);
        var (data, kept) = (Node.DataDirectory, LabNames.KeptBeside(Node.DataDirectory));
        // pg_rewind brings the primary's settings along. Of one that was ended half-way those that were kept count.
        if (!await files.ExistsAsync($"{kept}/{OwnFiles.Names[0]}", cancellationToken))
        {
            await files.CreateDirectoryAsync(kept, Modes.PrivateFolder, cancellationToken);
            await OwnFiles.CopyAsync(files, data, kept, cancellationToken);
        }

        try
        {
            // The new primary's timeline must be on its disk, or pg_rewind sees no need to do anything.
            (await host.Programs.RunAsync(Ask(lab, "CHECKPOINT"), cancellationToken)).OrThrow(
                $"have node {Source.Id} write a checkpoint"
            );
            (await host.Programs.RunAsync(Rewind(lab), cancellationToken)).OrThrow($"rewind node {Node.Id}");
            await RequireWalAsync(context, cancellationToken);
        }
        finally
        {
            await OwnFiles.CopyAsync(files, kept, data, CancellationToken.None);
        }

        await new ConfigureStandby(Node, Source, HasOwnSettings: true).ExecuteAsync(context, cancellationToken);
        await files.DeleteAsync(kept, CancellationToken.None);
    }

    /// <summary>It starts to replay at the last checkpoint the two had in common. What the primary has not of the WAL
    /// since then cannot be streamed, and the node would wait for it for ever.</summary>
    private async Task RequireWalAsync(StepContext context, CancellationToken cancellationToken)
    {
        var label = await context.Host.Files.ReadTextAsync($"{Node.DataDirectory}/backup_label", cancellationToken);
        if (label is null || FirstSegment().Match(label) is not { Success: true } match)
        {
            return;
        }

        var segment = match.Groups["segment"].Value;
        var says = (
            await context.Host.Programs.RunAsync(
                Ask(context.Lab, $"SELECT count(*) FROM pg_ls_waldir() WHERE right(name, 16) = '{segment}'"),
                cancellationToken
            )
        ).OrThrow($"ask node {Source.Id} for its WAL");
        if (says.Output.Trim() == "0")
        {
            throw new LabException(
                ExitCode.Failed,
                $"pg_rewind has done it, but node {Source.Id} has no WAL any more from where node {Node.Id} must start "
                    + $"to replay ({segment})."
            );
        }
    }

    private CommandSpec Rewind(Lab lab) =>
        OverTheNetwork(
            lab,
            new CommandSpec(
                lab.Tools.PostgresProgram("pg_rewind"),
                "-D",
                Node.DataDirectory,
                $"--source-server={ConnectionTo(lab)}"
            )
            {
                Timeout = TimeSpan.FromMinutes(30),
            }
        );

    private CommandSpec Ask(Lab lab, string sql) =>
        OverTheNetwork(
            lab,
            new CommandSpec(lab.Tools.PostgresProgram("psql"), "-XqAtw", "-d", ConnectionTo(lab), "-c", sql)
        );

    private string ConnectionTo(Lab lab) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"host={lab.AddressOf(Source.Host)} port={Source.Port} dbname=postgres"
        );

    private static CommandSpec OverTheNetwork(Lab lab, CommandSpec command) =>
        command with
        {
            Environment = new Dictionary<string, string?>(command.Environment)
            {
                ["LC_ALL"] = "C",
                ["PGUSER"] = lab.Owner,
                ["PGPASSFILE"] = lab.Pgpool.Paths.PgPass,
                ["PGSSLMODE"] = "verify-full",
                ["PGSSLROOTCERT"] = lab.Pgpool.Paths.TlsAuthority,
                ["PGCONNECT_TIMEOUT"] = "10",
            },
        };

    [GeneratedRegex(
        @"^START WAL LOCATION:.*\(file [0-9A-F]{8}(?<segment>[0-9A-F]{16})\)",
        RegexOptions.Multiline | RegexOptions.CultureInvariant
    )]
    private static partial Regex FirstSegment();
}
