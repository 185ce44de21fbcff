using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;

namespace PgpoolLab.Cli.Rendering;

/// <summary>The one place where failures become prose: what was attempted, what happened, what to do.</summary>
internal static class ErrorView
{
    /// <returns>The exit code of this failure.</returns>
    internal static ExitCode Show(Terminal terminal, Exception error)
    {
        var cause = error is SetupFailedException { InnerException: { } inner } ? inner : error;
        switch (cause)
        {
            case OperationCanceledException:
                Headline(terminal, "Interrupted.");
                break;
            case InvalidSpecException { Problems: var problems }:
                foreach (var problem in problems)
                {
                    Headline(terminal, problem.Say(terminal.NameOf));
                }

                break;
            default:
                Headline(terminal, Sentence(cause));
                break;
        }

        Facts(terminal, cause);
        if (error is SetupFailedException setup)
        {
            Aftermath(terminal, setup);
        }

        if (terminal.Verbose)
        {
            terminal.Error.WriteLine();
            terminal.Error.WriteLine(error.ToString());
        }

        return error switch
        {
            LabException known => known.Code,
            OperationCanceledException => ExitCode.Interrupted,
            _ => ExitCode.Failed,
        };
    }

    private static void Facts(Terminal terminal, Exception cause)
    {
        if (cause is CommandFailedException failed)
        {
            Lines(terminal, "It said:", failed.Words);
            Lines(terminal, "The command was:", [failed.Result.Command.ToString()]);
        }

        if (cause is LabException lab)
        {
            Lines(terminal, null, lab.Details);
            if (lab.LogFile is not null)
            {
                Lines(
                    terminal,
                    lab.LogTail.Count > 0 ? $"The end of {lab.LogFile}:" : $"There is no log {lab.LogFile} yet.",
                    lab.LogTail
                );
            }

            foreach (var hint in lab.Hints)
            {
                Hint(terminal, hint);
            }
        }
        else if (cause is not OperationCanceledException && !terminal.Verbose)
        {
            Hint(terminal, "Where it comes from:  the same command with -v");
        }
    }

    private static void Aftermath(Terminal terminal, SetupFailedException setup)
    {
        if (
            setup is { FullDisk: { } full, InnerException: var cause }
            && (cause as LabException)?.Details.Any(d => d.Contains(full, StringComparison.Ordinal)) != true
        )
        {
            Lines(terminal, full, []);
        }

        if (setup.KeptEverything)
        {
            Hint(terminal, $"Everything was kept, and stopped (--keep). Logs: {setup.KeptLogs}");
            return;
        }

        if (setup.NotUndone.Count > 0)
        {
            Lines(terminal, "Not everything could be undone:", setup.NotUndone);
        }
        else
        {
            terminal.Error.WriteLine("  Whatever setup had made is removed again.");
        }

        if (setup.KeptLogs is not null)
        {
            terminal.Error.WriteLine($"  Its logs are in {setup.KeptLogs}");
        }
    }

    private static string Sentence(Exception cause) =>
        cause switch
        {
            LabException => cause.Message,
            IOException or UnauthorizedAccessException => $"A file could not be read or written: {cause.Message}",
            _ => $"Something unexpected happened: {cause.Message} ({cause.GetType().Name})",
        };

    internal static void Headline(Terminal terminal, string text)
    {
        const string title = "error: ";
        string[] lines = terminal.IsInteractive
            ? [.. Terminal.Broken(title + text, terminal.Talk.Profile.Width)]
            : [title + text];
        Terminal.Line(terminal.Talk, $"[red]error:[/] {Printable.Escape(lines[0][title.Length..])}");
        foreach (var line in lines.Skip(1))
        {
            Terminal.Line(terminal.Talk, Printable.Escape(line));
        }
    }

    internal static void Hint(Terminal terminal, string text) =>
        Terminal.Line(terminal.Talk, $"  [blue]→[/] {Printable.Escape(text)}");

    private static void Lines(Terminal terminal, string? title, IReadOnlyList<string> lines)
    {
        if (title is not null)
        {
            terminal.Error.WriteLine($"  {title}");
        }

        foreach (var line in lines)
        {
            terminal.Error.WriteLine(title is null ? $"  {line}" : $"    {line}");
        }
    }
}
