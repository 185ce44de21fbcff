using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Pages;

/// <summary>Names of a page's parts, for links to them.</summary>
internal static class PageIds
{
    /// <summary>A drill.</summary>
    internal static string Of(int drill) => $"drill-{drill + 1}";

    /// <summary>A value of its matrix; the drill itself without one.</summary>
    internal static string Of(int drill, int variant, DrillResult result) =>
        result.Variants.Count > 1 ? $"{Of(drill)}-{variant + 1}" : Of(drill);
}
