using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Manual.Completion;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>completion</c>: a script by which a shell completes this program's command lines.</summary>
internal static class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh", "fish"];

    internal static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("SHELL") { Description = "Your shell: bash, zsh or fish" };
        shell.CompletionSources.Add(Shells);
        shell.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && !Shells.Contains(text))
            {
                result.AddError($"SHELL must be {string.Join(" or ", Shells)}; it is '{text}'.");
            }
        });
        var command = new Command(
            "completion",
            "Print a script by which your shell completes commands, options and names of labs"
        )
        {
            shell,
        }.Guide(
            CommandGroup.More,
            ("eval \"$(pgpoollab completion bash)\"", "Complete in this bash; for all, put the line into ~/.bashrc"),
            ("eval \"$(pgpoollab completion zsh)\"", "Complete in this zsh; in ~/.zshrc behind compinit"),
            ("pgpoollab completion fish | source", "Complete in this fish"),
            ("pgpoollab completion fish >~/.config/fish/completions/pgpoollab.fish", "Complete in every fish")
        );
        command.SetAction(parsed =>
        {
            var root = parsed.RootCommandResult.Command;
            terminal.Verbatim.Write(
                parsed.GetValue(shell) switch
                {
                    "bash" => BashCompletion.Script(root),
                    "zsh" => ZshCompletion.Script(root),
                    _ => FishCompletion.Script(root),
                }
            );
            return (int)ExitCode.Done;
        });
        return command;
    }
}
