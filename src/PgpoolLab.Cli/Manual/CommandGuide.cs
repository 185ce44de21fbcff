using System.CommandLine;
using System.Runtime.CompilerServices;

namespace PgpoolLab.Cli.Manual;

/// <summary>The sections of the list of commands, in its order.</summary>
internal enum CommandGroup
{
    /// <summary>Makes or removes a lab.</summary>
    Make,

    /// <summary>Shows something and changes nothing.</summary>
    Look,

    /// <summary>Starts, stops and configures servers, and runs programs on them.</summary>
    Run,

    /// <summary>Makes failures, and repairs what they leave.</summary>
    Break,

    /// <summary>The rest.</summary>
    More,
}

/// <summary>A line to paste, and what it does.</summary>
internal sealed record Example(string Line, string Effect);

/// <summary>What the manual says of a command beside its definition.</summary>
/// <param name="Group">Its section; null for a command below another one, which is in that one's.</param>
/// <param name="Examples">In the order they are shown.</param>
internal sealed record CommandGuide(CommandGroup? Group, IReadOnlyList<Example> Examples)
{
    /// <summary>Words by which other programs call the same; they are suggested, not understood.</summary>
    internal IReadOnlyList<string> Synonyms { get; init; } = [];
}

/// <summary>Every command declares its group and its examples where it is created.</summary>
internal static class CommandGuides
{
    private static readonly CommandGuide None = new(null, []);
    private static readonly ConditionalWeakTable<Command, CommandGuide> Guides = [];

    /// <summary>Declares a command's group and its examples: lines to paste, and what each does.</summary>
    internal static Command Guide(
        this Command command,
        CommandGroup group,
        params (string Line, string Effect)[] examples
    ) => Declare(command, Of(command) with { Group = group, Examples = Made(examples) });

    /// <summary>The same for a command below another one.</summary>
    internal static Command Guide(this Command command, params (string Line, string Effect)[] examples) =>
        Declare(command, Of(command) with { Examples = Made(examples) });

    /// <summary>Declares the words by which users of other programs would look for a command.</summary>
    internal static Command Synonyms(this Command command, params string[] words) =>
        Declare(command, Of(command) with { Synonyms = words });

    internal static CommandGuide Of(Command command) => Guides.TryGetValue(command, out var guide) ? guide : None;

    /// <summary>The heading of a section.</summary>
    internal static string Title(this CommandGroup group) =>
        group switch
        {
            CommandGroup.Make => "Make and remove labs",
            CommandGroup.Look => "Look at labs",
            CommandGroup.Run => "Run labs, and programs on them",
            CommandGroup.Break => "Break and repair",
            _ => "More",
        };

    private static Command Declare(Command command, CommandGuide guide)
    {
        Guides.AddOrUpdate(command, guide);
        return command;
    }

    private static Example[] Made((string Line, string Effect)[] examples) =>
        [.. examples.Select(e => new Example(e.Line, e.Effect))];
}
