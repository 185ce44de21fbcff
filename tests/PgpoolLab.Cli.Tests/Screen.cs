using System.Collections.Concurrent;
using PgpoolLab.Cli.Rendering;

namespace PgpoolLab.Cli.Tests;

/// <summary>A terminal of a fixed width, and the program run in it.</summary>
internal sealed class Screen
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    internal Screen(int width = 100) => Terminal = Terminal.Plain(_out, _error, width);

    internal Terminal Terminal { get; }

    internal string Out => Clean(_out);

    internal string Error => Clean(_error);

    /// <summary>Runs the program; its exit code and what it said.</summary>
    internal static async Task<(int Code, string Out, string Error)> RunAsync(params string[] arguments)
    {
        var screen = new Screen();
        var code = await Program.RunAsync(arguments, screen.Terminal);
        return (code, screen.Out, screen.Error);
    }

    /// <summary>A command's help, unbroken. Several tests look at that of every command.</summary>
    internal static Task<string> HelpAsync(params string[] command) =>
        Helps.GetOrAdd(string.Join(' ', command), _ => UnbrokenAsync([.. command, "--help"]));

    /// <summary>What a command that shows help prints, unbroken.</summary>
    internal static async Task<string> UnbrokenAsync(string[] arguments)
    {
        var screen = new Screen(width: 10_000);
        Assert.Equal(0, await Program.RunAsync(arguments, screen.Terminal));
        Assert.Equal("", screen.Error);
        return screen.Out;
    }

    private static readonly ConcurrentDictionary<string, Task<string>> Helps = new(StringComparer.Ordinal);

    /// <summary>As a whole, for snapshots.</summary>
    internal static async Task<string> TranscriptAsync(params string[] arguments)
    {
        var (code, output, error) = await RunAsync(arguments);
        var errors = error.Length > 0 ? $"-- standard error:\n{error}" : "";
        return $"$ pgpoollab {string.Join(' ', arguments)}\n{output}{errors}-- exit code {code}\n";
    }

    // Tables end their lines with spaces.
    private static string Clean(StringWriter text) =>
        string.Join('\n', text.ToString().ReplaceLineEndings("\n").Split('\n').Select(l => l.TrimEnd()));
}
