using System.Diagnostics.CodeAnalysis;
using PgpoolLab.Hosts;

namespace PgpoolLab.Cli.Compatibility;

/// <summary>What <c>install-links</c> puts under an old program's name: a script of the shell that calls this program.
/// Unlike a symbolic link to it, it also works as <c>sh FILE</c>, as many scripts call the old programs.</summary>
internal static class SetupWrapper
{
    private const UnixFileMode Mode = (UnixFileMode)0b111_101_101;

    /// <summary>More than any of these has, in bytes. What is larger is another program.</summary>
    private const int Most = 64 << 10;

    private const string Program = "\nprogram=";
    private const string Check = "\n[ -x \"$program\" ] ||";
    private const string Call = "\nexec \"$program\" ";

    /// <summary>The script.</summary>
    /// <param name="name">The old program's name.</param>
    /// <param name="program">This program: an absolute path, and what comes first on its command line.</param>
    internal static string Text(string name, IReadOnlyList<string> program) =>
        $$"""
            #!/bin/sh
            # {{name}}, as pgpoollab understands it.
            # Made by "pgpoollab install-links", which replaces it when it is called again.{{Program}}{{Shell.Quote(
                program[0]
            )}}{{Check}}
                {
                    printf '%s: %s is not there any more; ' "$0" "$program"
                    echo 'install pgpoollab, then call: pgpoollab install-links DIR'
                    exit 3
                } >&2{{Call}}{{string.Concat(
                program.Skip(1).Select(w => Shell.Quote(w) + " ")
            )}}{{name}} "$@"

            """;

    /// <summary>Puts it into a file, in place of whatever is there: a link is replaced, not what it leads to.</summary>
    internal static void Write(string path, string text)
    {
        var unfinished = UnfinishedFile.Beside(path);
        try
        {
            File.WriteAllText(unfinished, text);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(unfinished, Mode);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    /// <summary>What a file of this kind calls.</summary>
    /// <returns>Null when the file is none of these.</returns>
    internal static IReadOnlyList<string>? ProgramOf(string path)
    {
        var text = Read(path);
        foreach (var name in PgpoolSetupCommand.Names)
        {
            // The library of a program that dotnet runs is between the program and the name.
            var call = text.LastIndexOf(Call, StringComparison.Ordinal);
            if (
                Between(text, Program, Check) is { } program
                && call >= 0
                && TryUnquote(text[(call + Call.Length)..], $" {name} \"$@\"\n", out var library)
            )
            {
                string[] words = [program, .. library];
                if (text == Text(name, words))
                {
                    return words;
                }
            }
        }

        return null;
    }

    private static bool TryUnquote(string call, string end, [NotNullWhen(true)] out string[]? library)
    {
        library =
            call == end[1..] ? []
            : call.EndsWith(end, StringComparison.Ordinal) && Shell.Unquote(call[..^end.Length]) is { } word ? [word]
            : null;
        return library is not null;
    }

    private static string? Between(string text, string start, string end)
    {
        var (from, to) = (
            text.IndexOf(start, StringComparison.Ordinal) + start.Length,
            text.LastIndexOf(end, StringComparison.Ordinal)
        );
        return from >= start.Length && to > from ? Shell.Unquote(text[from..to]) : null;
    }

    private static string Read(string path)
    {
        try
        {
            return RegularFile.ReadText(path, Most) ?? "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
