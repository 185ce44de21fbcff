namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>A shape and what it means.</summary>
/// <param name="Shape">Its class; <c>Legends</c> knows how it is drawn.</param>
/// <param name="Text">What it means.</param>
internal sealed record LegendEntry(string Shape, string Text);
