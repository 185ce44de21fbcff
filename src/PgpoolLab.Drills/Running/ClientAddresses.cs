using PgpoolLab.Model;
using PgpoolLab.Model.Links;

namespace PgpoolLab.Drills.Running;

/// <summary>Where clients of a drill connect.</summary>
internal static class ClientAddresses
{
    private const string Loopback = "127.0.0.1";

    /// <summary>The address of each Pgpool-II; that of its link to clients, where the lab has links.</summary>
    internal static IReadOnlyList<string> Of(Lab lab) =>
        [
            .. lab.Pgpools.Select(p =>
                lab.Faults ? new LinkName(LinkEnd.Client, LinkEnd.Pgpool(p.Id)).Address : Loopback
            ),
        ];
}
