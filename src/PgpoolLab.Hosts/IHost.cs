namespace PgpoolLab.Hosts;

/// <summary>A machine servers run on, by kinds of what there is on it.</summary>
public interface IHost
{
    /// <summary>Its programs.</summary>
    IPrograms Programs { get; }

    /// <summary>Its processes.</summary>
    IProcesses Processes { get; }

    /// <summary>The shared memory its processes have made.</summary>
    ISharedMemory Memory { get; }

    /// <summary>Its ports and sockets.</summary>
    IPorts Ports { get; }

    /// <summary>Its files and folders.</summary>
    IFiles Files { get; }

    /// <summary>Its users.</summary>
    IUsers Users { get; }
}
