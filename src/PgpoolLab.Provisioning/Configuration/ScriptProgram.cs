namespace PgpoolLab.Provisioning.Configuration;

/// <summary>How the scripts of a lab call the program that has made it.</summary>
/// <param name="File">Its file, or that of <c>dotnet</c>.</param>
/// <param name="Library">What <c>dotnet</c> runs; null when the program has a file of its own.</param>
/// <param name="Owner">Numeric id of the user whose file it is; null when that cannot be seen. A file of anybody else
/// at that place, root and the lab's user apart, is not the program.</param>
public sealed record ScriptProgram(string File, string? Library = null, int? Owner = null);
