using Scriban;
using Scriban.Parsing;
using Scriban.Runtime;
using Scriban.Syntax;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>An object for templates in which a name that does not exist is an error, with file and line.</summary>
/// <param name="name">What templates call it.</param>
// Scriban would look for static members of ours in each of them, by reflection.
public sealed class StrictObject(string name) : ScriptObject(capacity: 0, autoImportStaticsFromThisType: false)
{
    /// <inheritdoc/>
    public override bool TryGetValue(TemplateContext? context, SourceSpan span, string member, out object? value) =>
        base.TryGetValue(context, span, member, out value)
            ? true
            : throw new ScriptRuntimeException(
                span,
                $"there is no '{member}' in '{name}'; it has {string.Join(", ", Keys.Order(StringComparer.Ordinal))}"
            );
}
