using PgpoolLab.Model;

namespace PgpoolLab.Drills.Running;

/// <summary>Where clients of a drill connect.</summary>
internal static class ClientAddresses
{
    private const string Loopback = "127.0.0.1";

    /// <summary>The address of each Pgpool-II.</summary>
    internal static IReadOnlyList<string> Of(Lab lab) => [.. lab.Pgpools.Select(_ => Loopback)];
}
