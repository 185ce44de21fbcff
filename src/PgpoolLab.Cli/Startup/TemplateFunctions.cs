using System.Diagnostics.CodeAnalysis;
using Scriban.Functions;
using static System.Diagnostics.CodeAnalysis.DynamicallyAccessedMemberTypes;

namespace PgpoolLab.Cli.Startup;

/// <summary>
/// What templates of the user's own may call and Scriban finds by reflection. Nothing else names it, so that
/// ahead-of-time compilation would cut it away: <c>string.slice</c>, <c>date.parse</c> and the parts of a time would be
/// there in one form of this program only.
/// </summary>
internal static class TemplateFunctions
{
    private const DynamicallyAccessedMemberTypes Callable = PublicMethods | PublicProperties | PublicFields;

    [DynamicDependency(Callable, typeof(ArrayFunctions))]
    [DynamicDependency(Callable, typeof(DateTimeFunctions))]
    [DynamicDependency(Callable, typeof(HtmlFunctions))]
    [DynamicDependency(Callable, typeof(MathFunctions))]
    [DynamicDependency(Callable, typeof(ObjectFunctions))]
    [DynamicDependency(Callable, typeof(RegexFunctions))]
    [DynamicDependency(Callable, typeof(StringFunctions))]
    [DynamicDependency(Callable, typeof(TimeSpanFunctions))]
    [DynamicDependency(PublicProperties, typeof(DateTime))]
    [DynamicDependency(PublicProperties, typeof(TimeSpan))]
    [UnconditionalSuppressMessage(
        "Trimming",
        "IL2026",
        Justification = "These classes inherit ScriptObject.From, which imports any object by reflection; "
            + "templates cannot call it."
    )]
    internal static void Keep() { }
}
