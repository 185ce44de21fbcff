using PgpoolLab.Hosts;

namespace PgpoolLab.Cli.Access;

/// <summary>How a family of shells sets a variable.</summary>
internal abstract class ShellDialect
{
    internal static readonly string[] Names = ["sh", "fish", "csh"];

    /// <summary>The text a shell of this family evaluates.</summary>
    /// <param name="changes">Variables and their new values; null for one that is to be unset.</param>
    internal abstract string Text(IReadOnlyDictionary<string, string?> changes);

    /// <summary>Defines functions, where that can be done in few words: names and what they call.</summary>
    internal virtual string Functions(IReadOnlyDictionary<string, IReadOnlyList<string>> functions) => "";

    /// <summary>Takes functions back.</summary>
    internal virtual string NoFunctions(IReadOnlyList<string> names) => "";

    internal static ShellDialect Of(string name) =>
        name switch
        {
            "fish" => new Fish(),
            "csh" => new CShell(),
            _ => new Bourne(),
        };

    /// <summary>sh, bash, dash, ksh, zsh.</summary>
    private sealed class Bourne : ShellDialect
    {
        internal override string Text(IReadOnlyDictionary<string, string?> changes)
        {
            var unset = changes.Where(c => c.Value is null).Select(c => c.Key).ToArray();
            return (unset.Length > 0 ? $"unset {string.Join(' ', unset)}\n" : "")
                + string.Concat(
                    changes.Where(c => c.Value is not null).Select(c => $"export {c.Key}={Shell.Quote(c.Value!)}\n")
                );
        }

        internal override string Functions(IReadOnlyDictionary<string, IReadOnlyList<string>> functions) =>
            string.Concat(
                functions.Select(f => $"{f.Key}() {{ {string.Join(' ', f.Value.Select(Shell.Quote))} \"$@\"; }}\n")
            );

        internal override string NoFunctions(IReadOnlyList<string> names) =>
            names.Count == 0 ? "" : $"unset -f {string.Join(' ', names)}\n";
    }

    private sealed class Fish : ShellDialect
    {
        internal override string Text(IReadOnlyDictionary<string, string?> changes) =>
            string.Concat(
                changes.Select(c => c.Value is null ? $"set -e {c.Key}\n" : $"set -gx {c.Key} {Quote(c.Value)}\n")
            );

        private static string Quote(string text) => Manual.Completion.FishCompletion.Quote(text);
    }

    /// <summary>csh and tcsh. The text is one line, as a newline ends a word of what they evaluate.</summary>
    private sealed class CShell : ShellDialect
    {
        internal override string Text(IReadOnlyDictionary<string, string?> changes) =>
            string.Concat(
                changes.Select(c => c.Value is null ? $"unsetenv {c.Key}; " : $"setenv {c.Key} {Quote(c.Value)}; ")
            ) + "\n";

        /// <summary>Between single quotes an exclamation mark still names a line of the history.</summary>
        private static string Quote(string text) =>
            "'"
            + text.Replace("'", @"'\''", StringComparison.Ordinal)
                .Replace("!", @"\!", StringComparison.Ordinal)
                .Replace("\n", "\\\n", StringComparison.Ordinal)
            + "'";
    }
}
