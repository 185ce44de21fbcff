namespace PgpoolLab.Hosts;

/// <summary>How a process was started.</summary>
/// <param name="Output">The file its standard output goes to, as the system names it: <c>FILE (deleted)</c>, or
/// <c>pipe:[12]</c>, for example. Null when that cannot be seen: the process is another user's, or has ended.</param>
/// <param name="Variable">The value of the variable that was asked for; null when it has none, or when that cannot be
/// seen. A process that shows what it does in place of its command line may have written over its variables.</param>
public readonly record struct ProcessOrigin(string? Output, string? Variable);
