using System.CommandLine;
using PgpoolLab.Cli.Manual;

namespace PgpoolLab.Cli.Commands;

/// <summary>The options that commands share, and what options and arguments must be.</summary>
internal static class CommandLine
{
    internal static readonly Option<string?> Lab = new("--lab")
    {
        Description = "The lab, by name or folder (default: the one that the current folder is in)",
        HelpName = "NAME|DIR",
    };
    internal static readonly Option<bool> Json = new("--json") { Description = "Print JSON, for programs" };
    internal static readonly Option<bool> DryRun = new("--dry-run") { Description = "Print the plan and do nothing" };
    internal static readonly Option<bool> Quiet = new("--quiet", "-q")
    {
        Description = "Print only results and errors",
        Recursive = true,
    };
    internal static readonly Option<bool> Verbose = new("--verbose", "-v")
    {
        Description = "Print more: causes and stack traces of errors",
        Recursive = true,
    };

    /// <summary>Arguments are what they are: by default the parser takes <c>@lab</c> for a file that holds
    /// arguments.</summary>
    internal static readonly ParserConfiguration Literally = new() { ResponseFileTokenReplacer = null };

    /// <summary>Refuses an empty folder, as a shell makes it of a variable that is not set.</summary>
    internal static void RequireFolder(Argument<string> argument) =>
        argument.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }])
            {
                result.AddError($"{argument.Name} is empty; it must be a folder.");
            }
        });

    /// <inheritdoc cref="RequireFolder(Argument{string})"/>
    internal static void RequireFolder(Option<string?> option) =>
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }])
            {
                result.AddError($"{option.Name} is empty; it must be a folder.");
            }
        });

    /// <summary>Refuses an empty name of a file.</summary>
    internal static void RequireFile(Option<string?> option) =>
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }])
            {
                result.AddError($"{option.Name} is empty; it must be a file.");
            }
        });

    /// <summary>Lets an option take these words alone, and completion know them.</summary>
    internal static void OnlyAmong(Option option, params string[] values)
    {
        option.CompletionSources.Add(values);
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && !values.Contains(text))
            {
                result.AddError(
                    $"{option.Name} must be {string.Join(" or ", values)}; it is '{text}'."
                        + (Nearest.Of(text, values) is { } nearest ? $" Did you mean {nearest}?" : "")
                );
            }
        });
    }

    /// <summary>Lets an option take an address that can be a virtual IP.</summary>
    internal static void IsVirtualIp(Option<string> option) =>
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && Model.VirtualIp.WhyNot(text) is { } problem)
            {
                result.AddError($"{option.Name} {text} {problem}.");
            }
        });

    /// <summary>Lets an option take whole numbers, with an error in plain words.</summary>
    internal static void WholeNumber<T>(Option<T> option, Func<int, T> convert) =>
        option.CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[^1].Value, out var number))
            {
                return convert(number);
            }

            result.AddError($"{option.Name} must be a whole number; it is '{result.Tokens[^1].Value}'.");
            return default!;
        };
}
