namespace PgpoolLab.Model.Tests;

/// <summary>What is wrong with a request, with the fields' own names.</summary>
internal static class ProblemsOfSpecs
{
    internal static string[] Problems(this LabSpec spec) => [.. spec.Validate().Select(p => $"{p}")];
}
