using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Gives the lab's roles their passwords on one node. The servers see verifiers only, as with psql's
/// <c>\password</c>.</summary>
/// <param name="Node">A node that runs and can be written to.</param>
public sealed record SetPasswords(PostgresNode Node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Set passwords on node {Node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.LoginRoles.Select(r => Statement(r, lab.Auth is AuthMethod.Md5 ? "md5..." : "SCRAM-SHA-256$..."));
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await using var client = await context.Sessions.OpenAsync(Node, "postgres", cancellationToken);
            await client.ExecuteAsync(
                string.Join(
                    ";\n",
                    context.Secrets.DatabaseUsers.Select(u =>
                        Statement(u.Name, u.Verifier(context.Lab.Auth, IterationsOf(context.Lab, u)))
                    )
                ),
                cancellationToken
            );
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            throw await ServerFailure.OfAsync(
                context,
                ServerLog.Of(context.Lab, Node),
                ExitCode.Failed,
                $"Could not set passwords on node {Node.Id}: {seen}",
                error,
                cancellationToken
            );
        }
    }

    private static int IterationsOf(Lab lab, DatabaseUser user) =>
        user.Name != lab.Owner && user.Name != lab.Invoker
            ? DatabaseUser.LeastIterations
            : DatabaseUser.UsualIterations;

    private static string Statement(string role, string verifier) =>
        $"ALTER ROLE {ConfigQuoting.Identifier(role)} PASSWORD '{verifier}'";
}

/// <summary>Waits until standbys have the passwords that were set on the primary. Pgpool-II logs in to each node as
/// soon as it starts, and gives up the one that does not let it in.</summary>
/// <param name="Standbys">The standbys.</param>
public sealed record AwaitPasswords(ValueList<PostgresNode> Standbys) : IStep
{
    /// <inheritdoc/>
    public string Title =>
        Standbys.Count == 1
            ? $"Wait until node {Standbys[0].Id} knows the passwords"
            : $"Wait until {Standbys.Count} standbys know the passwords";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{StandbyKnowsPasswords.Query}   (on port{(Standbys.Count == 1 ? "" : "s")} "
            + $"{string.Join(", ", Standbys.Select(s => s.Port))}, until {lab.CheckRole} is among them)";
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Task.WhenAll(
            Standbys.Select(s =>
                context.Probes.WaitAsync(
                    new StandbyKnowsPasswords(context.Lab, context.Sessions, s),
                    ProbeRunner.Patience,
                    cancellationToken
                )
            )
        );
    }
}

/// <summary>Makes the lab's authority, and the certificate its servers show.</summary>
public sealed record WriteCertificates : IStep
{
    /// <inheritdoc/>
    public string Title => "Make the lab's certificates";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab
            .OwnPgpools.SelectMany(p => (string[])[p.Paths.TlsAuthority, p.Paths.TlsCertificate, p.Paths.TlsKey])
            .Select(f => $"write {Hosts.Shell.Quote(f)}")
            .Append($"valid for {string.Join(", ", LabCertificates.NamesOf(lab))}");
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var certificates = context.Secrets.Certificates ?? LabCertificates.Make(context.Lab, context.Time.GetUtcNow());
        foreach (var paths in context.Lab.OwnPgpools.Select(p => p.Paths))
        {
            context.Undo.Push($"delete {paths.Tls}", ct => context.Host.Files.DeleteAsync(paths.Tls, ct).AsTask());
            await context.Host.Files.CreateDirectoryAsync(paths.Tls, Modes.PrivateFolder, cancellationToken);
            await context.Host.Files.WriteTextAsync(
                paths.TlsAuthority,
                certificates.Authority,
                Modes.Readable,
                cancellationToken
            );
            await context.Host.Files.WriteTextAsync(
                paths.TlsCertificate,
                certificates.Server,
                Modes.Readable,
                cancellationToken
            );
            await context.Host.Files.WriteTextAsync(
                paths.TlsKey,
                certificates.ServerKey,
                Modes.PrivateFile,
                cancellationToken
            );
        }
    }
}

/// <summary>Makes the links by which programs find the running lab's sockets: those that are missing.</summary>
/// <param name="Missing">The links that were seen to be missing: no others are made; null for all of the lab.</param>
public sealed record LinkSockets(IReadOnlyList<string>? Missing = null) : IStep
{
    /// <inheritdoc/>
    public string Title => "Link the sockets to where programs look for them";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        LabSockets
            .LinksOf(lab)
            .Where(l => Missing?.Contains(l.Link) is not false)
            .Select(l => $"ln -s {Hosts.Shell.Quote(l.Socket)} {Hosts.Shell.Quote(l.Link)}");

    /// <summary>Equal when the same links are missing.</summary>
    public bool Equals(LinkSockets? other) =>
        other is not null
        && (Missing ?? []).SequenceEqual(other.Missing ?? [])
        && Missing is null == other.Missing is null;

    /// <inheritdoc/>
    public override int GetHashCode() => Missing?.Count ?? -1;

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var links = new SocketLinks(context.Host, context.Lab);
        // Its servers, which are stopped later, still listen then.
        var made = new List<string>();
        context.Undo.Push("remove the links to its sockets", ct => links.RemoveAsync(made, ct));
        await links.MakeAsync(Missing, made.Add, cancellationToken);
    }
}

/// <summary>Removes those of these links that lead to sockets on which nobody listens any more.</summary>
/// <param name="Links">The links of the servers that end, or do not run: no others are removed.</param>
public sealed record UnlinkSockets(IReadOnlyList<string> Links) : IStep
{
    /// <inheritdoc/>
    public string Title => "Remove links to sockets on which nobody listens";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        Links.Select(l => $"rm {Hosts.Shell.Quote(l)}   (if nobody listens)");

    /// <summary>Equal when the links are the same.</summary>
    public bool Equals(UnlinkSockets? other) => other is not null && Links.SequenceEqual(other.Links);

    /// <inheritdoc/>
    public override int GetHashCode() => Links.Count;

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new SocketLinks(context.Host, context.Lab).RemoveStaleAsync(Links, cancellationToken);
    }
}
