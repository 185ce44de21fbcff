namespace PgpoolLab.Drills.Running;

/// <summary>A command that a step was.</summary>
/// <param name="Code">Its exit code.</param>
/// <param name="Message">Why it failed, in a sentence; what it said last.</param>
public sealed record StepEnd(int Code, string Message);

/// <summary>Runs commands of this program on the lab.</summary>
/// <param name="words">The command's words.</param>
/// <param name="cancellationToken">Ends it.</param>
public delegate Task<StepEnd> StepCommand(IReadOnlyList<string> words, CancellationToken cancellationToken);
