using System.Text.Json;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Keeping;

/// <summary>A command of this program that has ended.</summary>
/// <param name="Code">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Said">The lines of its standard error.</param>
internal sealed record CommandEnd(int Code, string Output, IReadOnlyList<string> Said)
{
    private const string Headline = "error: ";

    /// <summary>What it printed, as JSON; null when it printed something else, or nothing.</summary>
    internal JsonElement? Json
    {
        get
        {
            try
            {
                return Output.Length == 0 ? null : JsonElement.Parse(Output);
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>Why it failed.</summary>
    internal HostError ToError() =>
        new(
            Code,
            Said.FirstOrDefault(l => l.StartsWith(Headline, StringComparison.Ordinal))?[Headline.Length..]
                ?? Said.LastOrDefault()
                ?? $"It ended with exit code {Code}.",
            string.Join('\n', Said)
        )
        {
            Outcome = Json,
        };
}

/// <summary>Commands of this very program, each in a process of its own: one that works on a lab of another user
/// becomes that user for good, and who keeps labs must not.</summary>
internal static class OwnProgram
{
    /// <summary>Runs one to its end.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="said">Is told each line of its standard error.</param>
    /// <param name="printed">Is told each line of its standard output; null to keep them for the end.</param>
    /// <param name="cancellationToken">Asks it to end; what it has made it takes back then.</param>
    internal static async Task<CommandEnd> RunAsync(
        IReadOnlyList<string> arguments,
        Action<string> said,
        Action<string>? printed,
        CancellationToken cancellationToken
    )
    {
        var (output, errors) = (new List<string>(), new List<string>());
        var code = await PipedProgram.RunAsync(
            Command(arguments),
            printed ?? output.Add,
            line =>
            {
                errors.Add(line);
                said(line);
            },
            cancellationToken
        );
        return new CommandEnd(code, string.Join('\n', output), errors);
    }

    /// <summary>A command line of this program.</summary>
    internal static CommandSpec Command(IReadOnlyList<string> arguments)
    {
        var words = Invocation.ForScripts();
        return new CommandSpec(words[0], [.. words.Skip(1), .. arguments]);
    }

    /// <summary>Removes a lab, with files of the user's own in it. One that is gone is removed.</summary>
    internal static async Task<CommandEnd> DestroyAsync(string folder)
    {
        var end = await RunAsync(
            ["destroy", "--yes", "--json", "--lab", folder],
            _ => { },
            printed: null,
            CancellationToken.None
        );
        return end.Code == (int)ExitCode.NotFound && !Directory.Exists(folder) ? end with { Code = 0 } : end;
    }
}
