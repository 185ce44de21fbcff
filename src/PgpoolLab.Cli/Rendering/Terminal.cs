using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using Serilog;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Where the program speaks: data on standard output, conversation on standard error.</summary>
internal sealed class Terminal
{
    private const int Unlimited = 10_000;
    private const int DefaultWidth = 80;

    private readonly Func<bool> _outputIsLost;
    private readonly bool _talkIsShown;

    private Terminal(TextWriter output, TextWriter error, Manner manner, Func<bool> outputIsLost)
    {
        var dataGlyphs = manner is { DataIsShown: true, Unicode: false } ? Glyphs.Ascii : Glyphs.All;
        var talkGlyphs = manner is { TalkIsShown: true, Unicode: false } ? Glyphs.Ascii : Glyphs.All;
        _outputIsLost = outputIsLost;
        Out = new PrintableWriter(output, dataGlyphs);
        Verbatim = manner.DataIsShown ? Out : output;
        Error = new PrintableWriter(error, talkGlyphs);
        IsInteractive = manner.TalkIsInteractive;
        _talkIsShown = manner.TalkIsShown;
        Data = Console(output, manner.DataIsInteractive, manner, dataGlyphs, manner.DataWidth);
        Talk = Console(error, manner.TalkIsInteractive, manner, talkGlyphs, manner.TalkWidth);
    }

    /// <summary>Text that is no rendering: JSON, help.</summary>
    internal TextWriter Out { get; }

    /// <summary>What a shell evaluates, and must get as it is: a folder is not found by a name that was made fit to be
    /// shown. On a terminal, <see cref="Out"/>.</summary>
    internal TextWriter Verbatim { get; }

    /// <summary>Plain lines of conversation.</summary>
    internal TextWriter Error { get; }

    /// <summary>Tables and the like, on standard output.</summary>
    internal IAnsiConsole Data { get; }

    /// <summary>Progress, notes and errors, on standard error.</summary>
    internal IAnsiConsole Talk { get; }

    /// <summary>True when a person watches standard error.</summary>
    internal bool IsInteractive { get; }

    /// <summary>True when nobody reads standard output any more: the reader has gone, the disk is full.</summary>
    internal bool OutputIsLost => _outputIsLost();

    internal bool Quiet { get; set; }

    internal bool Verbose { get; set; }

    /// <summary>What the user of the command at hand calls the fields of a request.</summary>
    internal Func<SpecField, string> NameOf { get; set; } = FieldNames.Option;

    internal static Terminal Create(StandardStream output, StandardStream error, Func<string, string?> environment)
    {
        const int standardOutput = 1,
            standardError = 2;
        var canMoveItsCursor = environment("TERM") is not ("dumb" or "" or null);
        var (dataIsShown, talkIsShown) = (
            StandardStreams.IsTerminal(standardOutput),
            StandardStreams.IsTerminal(standardError)
        );
        return new Terminal(
            output.Writer(),
            error.Writer(),
            new Manner
            {
                DataIsShown = dataIsShown,
                TalkIsShown = talkIsShown,
                DataIsInteractive = dataIsShown && canMoveItsCursor,
                TalkIsInteractive = talkIsShown && canMoveItsCursor,
                // https://no-color.org: set and not empty means no colour.
                Color = string.IsNullOrEmpty(environment("NO_COLOR")),
                Unicode = SpeaksUnicode(environment),
                // Where nobody watches, lines must not be broken to fit a window.
                DataWidth = dataIsShown ? StandardStreams.WidthOf(standardOutput) ?? DefaultWidth : Unlimited,
                TalkWidth = talkIsShown ? StandardStreams.WidthOf(standardError) ?? DefaultWidth : Unlimited,
            },
            () => output.IsLost
        );
    }

    /// <summary>For tests: plain text of a fixed width.</summary>
    internal static Terminal Plain(TextWriter output, TextWriter error, int width) =>
        new(
            output,
            error,
            new Manner
            {
                DataWidth = width,
                TalkWidth = width,
                Unicode = true,
            },
            () => false
        );

    /// <summary>POSIX, Locale: the first of these that is set and not empty counts.</summary>
    private static bool SpeaksUnicode(Func<string, string?> environment) =>
        ((string[])["LC_ALL", "LC_CTYPE", "LANG"]).Select(environment).FirstOrDefault(v => !string.IsNullOrEmpty(v))
            is { } locale
        && (
            locale.Contains("UTF-8", StringComparison.OrdinalIgnoreCase)
            || locale.Contains("UTF8", StringComparison.OrdinalIgnoreCase)
        );

    /// <summary>A line that is never broken to fit the window: it may be a command to paste.</summary>
    internal static void Line(IAnsiConsole console, string markup)
    {
        var width = console.Profile.Width;
        console.Profile.Width = Unlimited;
        console.MarkupLine(markup);
        console.Profile.Width = width;
    }

    /// <summary>Sentences may be broken to fit the window, at spaces; the lines below the first are indented.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="head">What the first line begins with, as markup.</param>
    /// <param name="text">The sentences, plain.</param>
    /// <param name="indent">How far the lines below the first are indented.</param>
    internal static void Paragraph(IAnsiConsole console, string head, string text, int indent = 4) =>
        Wrapped(console, head + Printable.Escape(text), indent);

    /// <summary>The same for a line of markup.</summary>
    internal static void Wrapped(IAnsiConsole console, string markup, int indent = 4) =>
        console.Write(new WrappedLine(markup, indent));

    /// <summary>Takes over the window's size, which may have changed.</summary>
    /// <returns>True when it has.</returns>
    internal bool FitToWindow()
    {
        const int standardOutput = 1;
        if (
            !Data.Profile.Capabilities.Interactive
            || StandardStreams.SizeOf(standardOutput) is not ({ } columns and > 0, { } rows and > 0)
            || (columns, rows) == (Data.Profile.Width, Data.Profile.Height)
        )
        {
            return false;
        }

        (Data.Profile.Width, Data.Profile.Height) = (columns, rows);
        return true;
    }

    /// <summary>A line of conversation. A sentence is broken to fit a person's window, at spaces; a command at its end,
    /// which is to be pasted, is not.</summary>
    internal void Say(string text)
    {
        if (Quiet)
        {
            return;
        }

        foreach (var line in _talkIsShown ? Broken(text, Talk.Profile.Width) : [text])
        {
            Error.WriteLine(line);
        }
    }

    /// <summary>A sentence in lines of at most this width, and the command at its end in a line of its own, if there is
    /// one.</summary>
    internal static IEnumerable<string> Broken(string text, int width)
    {
        const string beforeCommand = ":  ";
        if (text.Length <= width || text.StartsWith(' '))
        {
            return [text];
        }

        var end = text.LastIndexOf(beforeCommand, StringComparison.Ordinal);
        var (sentence, command) = end < 0 ? (text, null) : (text[..(end + 1)], text[(end + beforeCommand.Length)..]);
        var lines = new List<string>();
        foreach (var word in sentence.Split(' '))
        {
            if (lines.Count > 0 && lines[^1].Length + 1 + word.Length <= width)
            {
                lines[^1] += " " + word;
            }
            else
            {
                lines.Add(word);
            }
        }

        return command is null ? lines : [.. lines, "  " + command];
    }

    /// <summary>What operations need, with this terminal as their observer.</summary>
    internal static OperationContext Operation(ILabEventReader progress) => Composition.Operation(progress, OpenLog);

    private static Serilog.Core.Logger OpenLog(string file)
    {
        var log = new LoggerConfiguration().MinimumLevel.Debug();
        // A pipe in its place would keep us waiting for good; on a read-only disk there is no log. Without one the
        // command does the same.
        return !CanWrite(file)
            ? log.CreateLogger()
            : log
                .WriteTo.File(
                    file,
                    outputTemplate: "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}",
                    formatProvider: System.Globalization.CultureInfo.InvariantCulture
                )
                .CreateLogger();
    }

    private static bool CanWrite(string log)
    {
        try
        {
            RegularFile.OpenToWrite(log, append: true).Dispose();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static IAnsiConsole Console(TextWriter writer, bool interactive, Manner manner, Glyphs glyphs, int width)
    {
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Out = new Window(writer, interactive, width),
                Ansi = interactive ? AnsiSupport.Yes : AnsiSupport.No,
                ColorSystem = interactive && manner.Color ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
                Interactive = interactive ? InteractionSupport.Yes : InteractionSupport.No,
            }
        );
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = interactive && manner.Unicode;
        console.Pipeline.Attach(new PrintableRendering(glyphs));
        return console;
    }

    /// <summary>What there is to write to, and what it can show.</summary>
    private readonly record struct Manner(
        bool DataIsShown,
        bool TalkIsShown,
        bool DataIsInteractive,
        bool TalkIsInteractive,
        bool Color,
        bool Unicode,
        int DataWidth,
        int TalkWidth
    );

    /// <summary>Spectre's own would ask .NET's console, which sends escape sequences to the terminal before it
    /// answers.</summary>
    private sealed class Window(TextWriter writer, bool interactive, int width) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => interactive;

        public int Width => width;

        public int Height => 24;

        public void SetEncoding(System.Text.Encoding encoding) { }
    }
}
