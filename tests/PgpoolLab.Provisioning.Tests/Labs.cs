using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Testing;

/// <summary>Labs that are the same on every machine.</summary>
internal static class Labs
{
    internal static readonly PcpUser[] Users = [new("olga", "a-fixed-password")];

    internal static Toolset Tools(int postgres = 15, int pgpoolMinor = 3) =>
        new($"/usr/lib/postgresql/{postgres}/bin", new PostgresVersion(postgres, 4), "/usr/sbin/pgpool", "/usr/sbin", new PgpoolVersion(4, pgpoolMinor, 5));

    internal static Lab Fixed(int postgres = 15, int pgpoolMinor = 3, int nodes = 2, string root = "/srv/lab", string? alias = null, bool slots = true, bool rewind = false) => new()
    {
        Id = "0123abcd",
        Name = Path.GetFileName(root),
        Root = root,
        Mode = ClusteringMode.StreamingReplication,
        Owner = "olga",
        Folder = new FolderOrigin(root),
        Tools = Tools(postgres, pgpoolMinor),
        Pgpool = new PgpoolNode(11000, 11001, ["/var/run/postgresql", "/tmp"], "/tmp"),
        Nodes = Enumerable.Range(0, nodes).Select(i => new PostgresNode(i, 11002 + i, $"{root}/data{i}", $"{alias ?? root}/data{i}")).ToArray(),
        SafeAlias = alias,
        UseSlots = slots,
        UseRewind = rewind,
    };

    /// <summary>A folder with everything in its name that has a meaning to somebody, and a link to it without.</summary>
    internal static Lab Nasty(string root = NastyRoot, bool slots = true, int postgres = 15, int pgpoolMinor = 3) =>
        Fixed(postgres, pgpoolMinor, nodes: 3, root: root, alias: "/home/olga/.local/state/pgpoollab/0123abcd", slots: slots);

    internal const string NastyName = "it's \"my\" $HOME `lab` \\ 100%d prüf*";

    private const string NastyRoot = "/srv/" + NastyName;

    internal static ConfigRenderer Renderer(string? overrides = null) => new(new TemplateStore(overrides), "1.2.3");

    /// <summary>The user tests run as; what scripts compare with.</summary>
    internal static string Me => Identity.Current.Name;
}
