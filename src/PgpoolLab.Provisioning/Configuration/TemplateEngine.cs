using PgpoolLab.Model;
using Scriban;
using Scriban.Parsing;
using Scriban.Runtime;
using Scriban.Syntax;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>Renders templates, each parsed once. Unknown names in a template are errors that give file and
/// line.</summary>
/// <param name="templates">Where templates come from.</param>
public sealed class TemplateEngine(TemplateStore templates)
{
    private readonly Dictionary<string, Template> _parsed = [];
    private readonly Lock _gate = new();

    /// <summary>The text of a file, which ends with a line's end.</summary>
    /// <param name="name">Template, for example <c>pgpool/pgpool.conf</c>.</param>
    /// <param name="globals">What it can name.</param>
    /// <param name="versions">The versions it is rendered for, for the hint of an error; null for none.</param>
    /// <exception cref="LabException">The template has an error.</exception>
    public string Render(string name, ScriptObject globals, string? versions = null)
    {
        var context = new TemplateContext(TemplateBuiltins.Shared)
        {
            StrictVariables = true,
            EnableRelaxedMemberAccess = false,
            EnableRelaxedTargetAccess = false,
            TemplateLoader = new Loader(templates),
            AutoIndent = false,
            LoopLimit = 100_000,
            LimitToString = 0,
        };
        context.PushGlobal(globals);
        try
        {
            var rendered = Parse(name).Render(context);
            return rendered.EndsWith('\n') ? rendered : rendered + "\n";
        }
        catch (ScriptParserRuntimeException error) when (error.ParserMessages is [var first, ..])
        {
            throw Broken(first.Span, first.Message, versions, error);
        }
        catch (ScriptRuntimeException error) when (error.InnerException is LabException inside)
        {
            throw inside;
        }
        catch (ScriptRuntimeException error)
        {
            throw Broken(error.Span, error.OriginalMessage, versions, error);
        }
    }

    private Template Parse(string name)
    {
        lock (_gate)
        {
            if (_parsed.TryGetValue(name, out var known))
            {
                return known;
            }

            var (text, displayName) = templates.Load(name);
            var template = Template.Parse(text, displayName);
            return template.HasErrors
                ? throw Broken(template.Messages[0].Span, template.Messages[0].Message, null, null)
                : _parsed[name] = template;
        }
    }

    private static LabException Broken(SourceSpan span, string message, string? versions, Exception? inner) =>
        new(
            ExitCode.Failed,
            $"The template {span.FileName}, line {span.Start.Line + 1}, column {span.Start.Column + 1}, cannot "
                + $"be rendered: {message}",
            inner
        )
        {
            Hints =
            [
                "docs/templates.md lists what a template can name; pgpoollab templates export DIR writes the originals."
                    + (versions is null ? "" : $" ({versions})"),
            ],
        };

    private sealed class Loader(TemplateStore store) : ITemplateLoader
    {
        private readonly Dictionary<string, string> _texts = [];

        // What this returns is the file name in error messages.
        public string GetPath(TemplateContext context, SourceSpan callerSpan, string templateName)
        {
            try
            {
                var (text, displayName) = store.Load(templateName);
                _texts[displayName] = text;
                return displayName;
            }
            catch (FileNotFoundException error)
            {
                throw new ScriptRuntimeException(callerSpan, error.Message);
            }
        }

        public string Load(TemplateContext context, SourceSpan callerSpan, string templatePath) => _texts[templatePath];

        public ValueTask<string?> LoadAsync(TemplateContext context, SourceSpan callerSpan, string templatePath) =>
            ValueTask.FromResult<string?>(Load(context, callerSpan, templatePath));
    }
}
