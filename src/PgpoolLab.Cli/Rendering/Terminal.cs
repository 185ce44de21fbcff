using PgpoolLab.Hosts;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Planning;
using Serilog;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Where the program speaks: data on standard output, conversation on standard error.</summary>
internal sealed class Terminal
{
    private const int Unlimited = 10_000;

    private Terminal(TextWriter output, TextWriter error, bool dataIsInteractive, bool talkIsInteractive, bool color, int? width)
    {
        (Out, Error) = (output, error);
        IsInteractive = talkIsInteractive;
        Data = Console(output, dataIsInteractive, color, width);
        Talk = Console(error, talkIsInteractive, color, width);
    }

    internal TextWriter Out { get; }

    internal TextWriter Error { get; }

    /// <summary>Tables and the like, on standard output.</summary>
    internal IAnsiConsole Data { get; }

    /// <summary>Progress, notes and errors, on standard error.</summary>
    internal IAnsiConsole Talk { get; }

    /// <summary>True when a person watches standard error.</summary>
    internal bool IsInteractive { get; }

    internal bool Quiet { get; set; }

    internal bool Verbose { get; set; }

    internal static Terminal Create(TextWriter output, TextWriter error, Func<string, string?> environment)
    {
        // https://no-color.org: set and not empty means no colour.
        var color = string.IsNullOrEmpty(environment("NO_COLOR")) && environment("TERM") is not ("dumb" or null);
        return new Terminal(output, error, !System.Console.IsOutputRedirected, !System.Console.IsErrorRedirected && environment("TERM") is not ("dumb" or null), color, null);
    }

    /// <summary>For tests: plain text of a fixed width.</summary>
    internal static Terminal Plain(TextWriter output, TextWriter error, int width) => new(output, error, false, false, false, width);

    /// <summary>A line that is never broken to fit the window: it may be a command to paste.</summary>
    internal static void Line(IAnsiConsole console, string markup)
    {
        var width = console.Profile.Width;
        console.Profile.Width = Unlimited;
        console.MarkupLine(markup);
        console.Profile.Width = width;
    }

    /// <summary>A table that is never broken to fit the window: it holds folders to paste.</summary>
    internal static void Whole(IAnsiConsole console, Table table)
    {
        var width = console.Profile.Width;
        console.Profile.Width = Unlimited;
        console.Write(table);
        console.Profile.Width = width;
    }

    /// <summary>A line of conversation.</summary>
    internal void Say(string text)
    {
        if (!Quiet)
        {
            Error.WriteLine(text);
        }
    }

    /// <summary>What operations need, with this terminal as their observer.</summary>
    internal static OperationContext Operation(IPlanObserver progress) => new(new LocalHost(TimeProvider.System), TimeProvider.System, progress, OpenLog, ProgramVersion.Text);

    private static Serilog.Core.Logger OpenLog(string file) =>
        new LoggerConfiguration().MinimumLevel.Debug()
            .WriteTo.File(file, outputTemplate: "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}", formatProvider: System.Globalization.CultureInfo.InvariantCulture)
            .CreateLogger();

    private static IAnsiConsole Console(TextWriter writer, bool interactive, bool color, int? width)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = interactive ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = interactive && color ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = interactive ? InteractionSupport.Yes : InteractionSupport.No,
        });
        // Where nobody watches, lines must not be broken to fit a window.
        if (width is not null || !interactive)
        {
            console.Profile.Width = width ?? Unlimited;
        }

        return console;
    }
}

/// <summary>This program's version.</summary>
internal static class ProgramVersion
{
    internal static string Text { get; } = typeof(ProgramVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
