using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Verbs;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Changes a lab that exists to be what a lab file says, as far as that can be done: by what
/// <c>add-node</c>, <c>remove-node</c> and <c>config set</c> do, and by what setup does for roles, databases and
/// SQL.</summary>
/// <param name="context">What it works with.</param>
public sealed class LabFileChange(OperationContext context)
{
    /// <summary>Changes what can be changed. Each part is done or undone by itself; what was done before one that fails
    /// stays, and the next call goes on from there.</summary>
    /// <param name="lab">The lab; it runs.</param>
    /// <param name="differences">What is to be changed.</param>
    /// <param name="passwords">Passwords of roles that somebody has given.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What became of settings.</returns>
    public async Task<IReadOnlyList<SettingOutcome>> ExecuteAsync(
        Lab lab,
        LabDifferences differences,
        IReadOnlyDictionary<string, string> passwords,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(differences);
        while (differences.Nodes is { } wanted && wanted != lab.Nodes.Count)
        {
            var verbs = new NodeCountVerbs(new VerbRun(context, lab));
            await (
                wanted > lab.Nodes.Count
                    ? verbs.AddAsync(cancellationToken)
                    : verbs.RemoveAsync(Target.Of($"{lab.Nodes.Count - 1}"), cancellationToken)
            );
            lab = LabStore.Load(lab.Root)!.Lab;
        }

        var outcomes =
            differences.Settings.Count == 0
                ? []
                : await new ConfigureOperation(context).SetAsync(
                    lab,
                    differences.Settings,
                    restart: true,
                    cancellationToken
                );
        if (differences.Roles.Count + differences.Databases.Count + differences.SqlFiles.Count > 0)
        {
            await FillAsync(lab, differences, passwords, cancellationToken);
        }

        return outcomes;
    }

    private async Task FillAsync(
        Lab lab,
        LabDifferences differences,
        IReadOnlyDictionary<string, string> passwords,
        CancellationToken cancellationToken
    )
    {
        var primary = await LabPrimary.FindAsync(lab, cancellationToken);
        var there = await LabContents.AskAsync(lab, primary, cancellationToken);
        var isNew = differences
            .Roles.Where(r => there.Roles.GetValueOrDefault(r.Name) is not { } old || (r.CanLogin && !old.CanLogin))
            .ToArray();
        var to = lab with
        {
            Roles = [.. lab.Roles.Where(r => differences.Roles.All(n => n.Name != r.Name)), .. differences.Roles],
            Databases =
            [
                .. lab.Databases.Where(d => differences.Databases.All(n => n.Name != d.Name)),
                .. differences.Databases,
            ],
            SqlRuns = [.. lab.SqlRuns, .. differences.SqlFiles.Select(f => f.Run)],
        };
        // Of roles that are there the passwords are as they are.
        var users = LabSecrets.For(lab with { Roles = isNew }, passwords).RoleUsers;
        var run = new PlanRun(context, lab);
        await run.LockedAsync(
            async () =>
                StepFailure.ThrowIfAny(
                    await run.DoAsync(
                        VerbPlan.Of([
                            .. users.Count > 0 ? (Stage[])[Stage.Of(new AddPasswords())] : [],
                            .. ContentPlans.Fill(
                                lab,
                                primary,
                                differences.Roles,
                                differences.Databases,
                                differences.SqlFiles
                            ),
                            Stage.Of(new SaveContents(lab, to)),
                        ]) with
                        {
                            IsTakenBack = true,
                            Secrets = LabSecrets.None with { RoleUsers = users },
                        },
                        cancellationToken
                    )
                ),
            cancellationToken
        );
    }
}
