using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Clusters;

/// <summary>The cache's folder cannot take what is to be put into it; a lab can be made without.</summary>
/// <param name="folder">The folder.</param>
/// <param name="reason">Why, in the system's or a program's words.</param>
/// <param name="inner">The failure.</param>
public sealed class CacheUnusableException(string folder, string reason, Exception inner)
    : LabException(ExitCode.Failed, $"The cache in {folder} cannot be used: {reason}", inner);
