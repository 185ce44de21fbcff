using CsCheck;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Commands;

namespace PgpoolLab.Cli.Tests.Properties;

public sealed class EnvProperties
{
    private static readonly Gen<string> Folder = Any.FolderName.Select(n => "/" + n);

    [Fact]
    public void Whatever_folders_are_called_a_shell_has_the_variables_env_prints() =>
        Gen.Select(Folder, Folder, Folder, Any.User, Any.User.Null(0.5), Folder.Array[0, 3])
            .Sample(
                (root, postgres, pgpool, owner, invoker, path) =>
                {
                    var lab = Labs.Fixed(root: root, alias: Labs.NastyAlias) with
                    {
                        Owner = owner,
                        Invoker = invoker,
                        Tools = Labs.Tools() with
                        {
                            PostgresBin = postgres,
                            PgpoolProgram = $"{pgpool}/pgpool",
                            PcpBin = pgpool,
                        },
                    };
                    var before = string.Join(':', path);
                    var output = EnvCommand.Text(
                        ShellDialect.Of("sh"),
                        new ShellSession(n => n == "PATH" ? before : null),
                        LabVariables.ForOwner(lab, before, wrappers: null)
                    );
                    var expected = LabVariables.Of(lab, before);
                    // eval, as users do it; the shell's own PATH is not needed by what is built in.
                    var script =
                        $"text=$(cat <<'THE END OF IT'\n{output}THE END OF IT\n)\neval \"$text\"\n"
                        + string.Concat(expected.Keys.Select(name => $"printf '%s\\0' \"${name}\"\n"));
                    Assert.All(Shells.All, shell => Assert.Equal(expected.Values, Shells.Run(shell, script)));
                },
                iter: Any.Few
            );
}
