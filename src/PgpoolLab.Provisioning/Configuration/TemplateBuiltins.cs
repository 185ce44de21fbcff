using Scriban;
using Scriban.Functions;
using Scriban.Parsing;
using Scriban.Runtime;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>Scriban's own functions. Most templates need <c>include</c> and <c>array</c> alone; the others are found by
/// reflection, hundreds of them, and are looked for only when a template names one. One object for all templates:
/// Scriban would make a copy for each.</summary>
internal sealed class TemplateBuiltins : ScriptObject
{
    private static readonly Lazy<ScriptObject> Others = new(TemplateContext.GetDefaultBuiltinObject);

    private TemplateBuiltins()
    {
        SetValue("include", new IncludeFunction(), readOnly: true);
        SetValue("array", new ArrayFunctions { IsReadOnly = true }, readOnly: true);
        IsReadOnly = true;
    }

    /// <summary>All of them.</summary>
    internal static TemplateBuiltins Shared { get; } = new();

    /// <inheritdoc/>
    public override bool TryGetValue(TemplateContext? context, SourceSpan span, string member, out object? value) =>
        base.TryGetValue(context, span, member, out value)
        || Others.Value.TryGetValue(context, span, member, out value);
}
