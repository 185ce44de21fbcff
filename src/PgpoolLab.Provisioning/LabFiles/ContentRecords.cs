using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Puts the passwords of new roles into the lab's password files.</summary>
public sealed record AddPasswords : IStep
{
    /// <inheritdoc/>
    public string Title => "Note the passwords of new roles";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.OwnPgpools.Select(p => $"write {Shell.Quote(p.Paths.PgPass)}");
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var files = context.Host.Files;
        foreach (var path in context.Lab.OwnPgpools.Select(p => p.Paths.PgPass))
        {
            var before = await files.ReadTextAsync(path, cancellationToken) ?? "";
            var after = context.Secrets.RoleUsers.Aggregate(
                before,
                (text, user) => PasswordEntries.With(text, context.Lab.Owner, user)
            );
            context.Undo.Push(
                $"put back {path}",
                ct => files.WriteTextAsync(path, before, Modes.PrivateFile, ct).AsTask()
            );
            await files.WriteTextAsync(path, after, Modes.PrivateFile, cancellationToken);
        }
    }
}

/// <summary>Entries of a password file.</summary>
internal static class PasswordEntries
{
    /// <summary>The text with a user's password wherever another user has one.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="like">The other user.</param>
    /// <param name="user">The user.</param>
    /// <remarks>PostgreSQL manual, libpq, "The Password File".</remarks>
    internal static string With(string text, string like, DatabaseUser user)
    {
        var (other, name) = (ConfigQuoting.PasswordFileField(like), ConfigQuoting.PasswordFileField(user.Name));
        var mark = $":*:{other}:";
        var lines = text.Split('\n').Where(l => !l.Contains($":*:{name}:", StringComparison.Ordinal)).ToList();
        for (var i = lines.Count - 1; i >= 0; i--)
        {
            if (lines[i].IndexOf(mark, StringComparison.Ordinal) is > 0 and var at && lines[i][0] != '#')
            {
                lines.Insert(i + 1, $"{lines[i][..at]}:*:{name}:{ConfigQuoting.PasswordFileField(user.Password)}");
            }
        }

        return string.Join('\n', lines);
    }
}

/// <summary>Remembers which roles, databases and files of SQL a lab has got.</summary>
/// <param name="From">The lab as it was.</param>
/// <param name="To">The lab as it is to be.</param>
public sealed record SaveContents(Lab From, Lab To) : IStep
{
    /// <inheritdoc/>
    public string Title => "Note what was made";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => [$"write {Shell.Quote(To.Paths.Manifest)}"];

    /// <summary>Equal for the same lab and the same contents.</summary>
    public bool Equals(SaveContents? other) =>
        other is not null
        && From.Id == other.From.Id
        && To.Roles.SequenceEqual(other.To.Roles)
        && To.Databases.SequenceEqual(other.To.Databases)
        && To.SqlRuns.SequenceEqual(other.To.SqlRuns);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(From.Id, To.Roles.Count, To.Databases.Count, To.SqlRuns.Count);

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var manifest =
            LabStore.Load(From.Root)
            ?? throw new LabException(ExitCode.NotFound, $"There is no lab in {From.Root} any more.");
        LabStore.Save(manifest with { Lab = To });
        return Task.CompletedTask;
    }
}
