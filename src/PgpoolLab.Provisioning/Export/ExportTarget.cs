namespace PgpoolLab.Provisioning.Export;

/// <summary>An engine that a lab's cluster can be exported to.</summary>
public enum ExportTarget
{
    /// <summary>Kubernetes, with the operator CloudNativePG.</summary>
    Kubernetes,

    /// <summary>Docker Compose, or what reads its files.</summary>
    Compose,
}

/// <summary>Names of <see cref="ExportTarget"/>.</summary>
public static class ExportTargets
{
    /// <summary>What users write after <c>--to</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = ["kubernetes", "compose"];

    /// <summary>Understands a name.</summary>
    /// <returns>Null when it is none.</returns>
    public static ExportTarget? Parse(string? name) =>
        name switch
        {
            "kubernetes" => ExportTarget.Kubernetes,
            "compose" => ExportTarget.Compose,
            _ => null,
        };

    /// <summary>What users write after <c>--to</c>; also the folder of its templates.</summary>
    public static string Name(this ExportTarget target) => target is ExportTarget.Kubernetes ? "kubernetes" : "compose";

    /// <summary>As one says it in a sentence.</summary>
    public static string Title(this ExportTarget target) =>
        target is ExportTarget.Kubernetes ? "Kubernetes" : "Compose";
}
