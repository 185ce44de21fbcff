using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Shows the steps of a plan: live with their times on a terminal, a plain line each elsewhere.</summary>
internal sealed class ProgressView(Terminal terminal) : ILabEventReader, IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<string> _running = [];
    private bool _lineIsLive;
    private bool _undoing;

    public void Read(LabEvent happened)
    {
        switch (happened)
        {
            case StepEvent { Phase: StepPhase.Begins } step:
                Started(step.Title);
                break;
            case StepEvent { Phase: StepPhase.Ends } step:
                Finished(step.Title, step.Elapsed);
                break;
            case StepEvent step:
                Failed(step.Title);
                break;
            case { Name: LabEventNames.Undo }:
                Undoing(happened.Text);
                break;
            case { Name: LabEventNames.Note }:
                Note(happened.Text);
                break;
            default:
                break;
        }
    }

    private void Started(string title)
    {
        lock (_gate)
        {
            _running.Add(title);
            Redraw();
        }
    }

    private void Finished(string title, TimeSpan elapsed)
    {
        lock (_gate)
        {
            _running.Remove(title);
            Line(
                $"[green]✓[/] {Printable.Escape(title)} [grey]{elapsed.TotalMilliseconds:0} ms[/]",
                $"ok   {title} ({elapsed.TotalMilliseconds:0} ms)"
            );
        }
    }

    private void Failed(string title)
    {
        lock (_gate)
        {
            _running.Remove(title);
            Line($"[red]✗[/] {Printable.Escape(title)}", $"FAIL {title}");
        }
    }

    private void Undoing(string title)
    {
        lock (_gate)
        {
            if (terminal.Verbose || !_undoing)
            {
                _undoing = true;
                var text = terminal.Verbose ? title : "take back what was made so far";
                Line($"[grey]↶ {Printable.Escape(text)}[/]", $"undo {text}");
            }
        }
    }

    private void Note(string text)
    {
        lock (_gate)
        {
            Line($"[yellow]•[/] {Printable.Escape(text)}", $"note {text}");
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            Clear();
        }
    }

    private void Line(string markup, string plain)
    {
        if (terminal.Quiet)
        {
            return;
        }

        if (!terminal.IsInteractive)
        {
            terminal.Error.WriteLine(plain);
            return;
        }

        Clear();
        Terminal.Line(terminal.Talk, markup);
        Redraw();
    }

    // One line at the bottom names what is going on; finished steps scroll up above it.
    private void Redraw()
    {
        if (terminal.Quiet || !terminal.IsInteractive)
        {
            return;
        }

        Clear();
        if (_running.Count > 0)
        {
            var text = "… " + string.Join(", ", _running);
            var width = Math.Max(10, terminal.Talk.Profile.Width - 1);
            terminal.Talk.Markup(
                $"[grey]{Printable.Escape(text.Length <= width ? text : text[..(width - 1)] + "…")}[/]"
            );
            _lineIsLive = true;
        }
    }

    private void Clear()
    {
        if (_lineIsLive)
        {
            const string eraseLine = "\r\u001b[2K";
            terminal.Talk.Write(new ControlCode(eraseLine));
            _lineIsLive = false;
        }
    }
}
