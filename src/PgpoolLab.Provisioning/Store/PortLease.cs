using System.Text.Json;

namespace PgpoolLab.Provisioning.Store;

/// <summary>What the file of a leased port says: whose the port is. Anybody can read it, and anybody can write one that
/// lies.</summary>
public sealed record PortLease
{
    /// <summary>Room for the longest path there is, and some.</summary>
    internal const int LargestSize = 8192;

    /// <summary>Tells this lease from every other.</summary>
    public required string Id { get; init; }

    /// <summary>Id of the lab.</summary>
    public required string Lab { get; init; }

    /// <summary>The lab's folder.</summary>
    public required string Folder { get; init; }

    /// <summary>The process that took the lease; for people. That it lives is proved by the file's lock
    /// alone.</summary>
    public int Process { get; init; }

    /// <summary>The PID namespace in which that number means something (<c>/proc/self/ns/pid</c>); null where there are
    /// none.</summary>
    public string? PidNamespace { get; init; }

    /// <summary>The mount namespace in which the folder's path means something (<c>/proc/self/ns/mnt</c>); null where
    /// there are none.</summary>
    public string? MountNamespace { get; init; }

    /// <summary>Since which start of the machine these namespaces have had their numbers
    /// (<c>/proc/sys/kernel/random/boot_id</c>).</summary>
    public string? Boot { get; init; }

    /// <summary>This process's lease for a lab.</summary>
    internal static PortLease Of(string labId, string folder) =>
        new()
        {
            Id = Guid.NewGuid().ToString("N"),
            Lab = labId,
            Folder = folder,
            Process = Environment.ProcessId,
            PidNamespace = Here.PidNamespace,
            MountNamespace = Here.MountNamespace,
            Boot = Here.Boot,
        };

    /// <returns>Null when the text is no lease.</returns>
    internal static PortLease? Parse(string? text)
    {
        try
        {
            // It is shown to people: no text of a stranger is to move their cursor.
            return
                text is not null
                && JsonSerializer.Deserialize(text, StoreJson.Default.PortLease) is { } lease
                && Path.IsPathRooted(lease.Folder)
                && !((string?[])[lease.Id, lease.Lab, lease.Folder, lease.PidNamespace]).Any(t =>
                    t?.Any(char.IsControl) is true
                )
                ? lease
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal string ToJson() => JsonSerializer.Serialize(this, StoreJson.Default.PortLease) + "\n";

    /// <summary>True when the folder's path can be looked up here. A namespace ends with the machine's run: of one that
    /// is over nobody can see more than we.</summary>
    internal bool FolderMeansHere => MountNamespace == Here.MountNamespace || Boot != Here.Boot;

    /// <summary>True when the machine has not been started again since: its namespaces still have their
    /// numbers.</summary>
    internal bool IsOfThisBoot => Boot == Here.Boot;

    /// <summary>The number of this process's network namespace; null where there are none.</summary>
    internal static string? NetworkHere => Here.Network;

    /// <summary>True when the process's number means the same here.</summary>
    internal bool ProcessMeansHere => PidNamespace == Here.PidNamespace && Boot == Here.Boot;

    /// <summary>Where this process runs.</summary>
    private static class Here
    {
        internal static readonly string? PidNamespace = LinkTarget("/proc/self/ns/pid");
        internal static readonly string? MountNamespace = LinkTarget("/proc/self/ns/mnt");
        internal static readonly string? Network =
            LinkTarget("/proc/self/ns/net") is { } link
            && link.IndexOf('[', StringComparison.Ordinal) is > 0 and var from
                ? link[(from + 1)..].TrimEnd(']')
                : null;

        internal static readonly string? Boot = ReadText("/proc/sys/kernel/random/boot_id");

        private static string? LinkTarget(string link) =>
            new FileInfo(link) is { Exists: true } file ? file.LinkTarget : null;

        private static string? ReadText(string file) => File.Exists(file) ? File.ReadAllText(file).Trim() : null;
    }
}

/// <summary>A port that a setup at work has already.</summary>
/// <param name="Port">The port.</param>
/// <param name="Holder">Who has it: <c>about to be used by postgres, who makes a lab in /srv/lab (pid 12)</c>.</param>
public sealed record LeaseConflict(int Port, string Holder);

/// <summary>The name of a lease's file: <c>12002.4026531840</c>, the port and the network namespace it is a port of.
/// <c>12002</c> alone is a lease of a system without namespaces, or of a version that did not tell them apart: it holds
/// in every network.</summary>
/// <param name="Port">The port.</param>
/// <param name="Network">The number of the network namespace; null for every network.</param>
internal sealed record LeaseName(int Port, string? Network)
{
    /// <summary>The name itself.</summary>
    public string Text =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{Port}{(Network is null ? "" : $".{Network}")}"
        );

    /// <returns>Null when a file of that name is no lease.</returns>
    public static LeaseName? Parse(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var network = dot < 0 ? null : name[(dot + 1)..];
        return
            int.TryParse(
                dot < 0 ? name : name[..dot],
                System.Globalization.NumberStyles.None,
                System.Globalization.CultureInfo.InvariantCulture,
                out var port
            )
            && port <= 65535
            && network is null or { Length: > 0 and <= 20 }
            && (network?.All(char.IsAsciiDigit) ?? true)
            ? new LeaseName(port, network)
            : null;
    }
}
