using Scriban;
using Scriban.Runtime;
using Scriban.Syntax;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>A function of one text for templates, without reflection (which ahead-of-time compilation would cut
/// away).</summary>
/// <param name="name">What templates call it.</param>
/// <param name="body">What it makes of a text.</param>
public sealed class TextFunction(string name, Func<TemplateContext, string, string> body) : IScriptCustomFunction
{
    /// <inheritdoc/>
    public int RequiredParameterCount => 1;

    /// <inheritdoc/>
    public int ParameterCount => 1;

    /// <inheritdoc/>
    public ScriptVarParamKind VarParamKind => ScriptVarParamKind.None;

    /// <inheritdoc/>
    public Type ReturnType => typeof(string);

    /// <inheritdoc/>
    public ScriptParameterInfo GetParameterInfo(int index) => new(typeof(string), "text");

    /// <inheritdoc/>
    public object? Invoke(
        TemplateContext context,
        ScriptNode? callerContext,
        ScriptArray arguments,
        ScriptBlockStatement? blockStatement
    ) =>
        arguments.Count == 1
            ? body(context, context.ObjectToString(arguments[0]) ?? "")
            : throw new ScriptRuntimeException(callerContext?.Span ?? default, $"{name} takes one text");

    /// <inheritdoc/>
    public ValueTask<object?> InvokeAsync(
        TemplateContext context,
        ScriptNode? callerContext,
        ScriptArray arguments,
        ScriptBlockStatement? blockStatement
    ) => ValueTask.FromResult(Invoke(context, callerContext, arguments, blockStatement));
}
