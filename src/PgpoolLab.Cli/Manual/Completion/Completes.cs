using System.CommandLine;
using System.CommandLine.Completions;
using PgpoolLab.Cli.Startup;

namespace PgpoolLab.Cli.Manual.Completion;

/// <summary>What a value of an option or an argument may be.</summary>
/// <param name="Words">Those it may be one of.</param>
/// <param name="Labs">It may be the name of a lab.</param>
/// <param name="Folders">It may be a folder.</param>
/// <param name="Files">It may be any file.</param>
/// <param name="Programs">It may be a program on PATH.</param>
internal sealed record Completes(
    IReadOnlyList<string> Words,
    bool Labs = false,
    bool Folders = false,
    bool Files = false,
    bool Programs = false
)
{
    internal bool IsNothing => Words.Count == 0 && !Labs && !Folders && !Files && !Programs;

    /// <summary>By the declared values, or else by the name its help has for it.</summary>
    internal static Completes Of(Symbol symbol)
    {
        var name = symbol is Option option ? CommandFacts.ValueOf(option) ?? "" : symbol.Name;
        var lab = symbol.Name is "--lab" or "LAB";
        return new Completes(
            name == "COMMAND"
                ? [.. CommandFacts.Commands(Root(symbol)).Select(c => c.Name)]
                : [.. symbol.GetCompletions(CompletionContext.Empty).Select(c => c.Label)],
            Labs: lab,
            Folders: lab || name == "DIR",
            Files: name is "FILE" or "ARGS",
            Programs: name == "PROGRAM"
        );
    }

    private static Command Root(Symbol symbol) =>
        symbol as ProgramCommand ?? Root(symbol.Parents.OfType<Command>().First());
}
