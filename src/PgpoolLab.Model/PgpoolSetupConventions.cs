namespace PgpoolLab.Model;

/// <summary>A lab made by the old command lines keeps pgpool_setup's conventions, because Pgpool-II's regression tests
/// build on them: access by
/// <c>trust</c>, the user's name as password, slow health checks, scripts of one line for each server. Here is what
/// those command lines can ask for beyond that.</summary>
public sealed record PgpoolSetupConventions
{
    /// <summary>What <c>PGPOOL_INSTALL_DIR</c> is in the scripts; the programs are in its <c>bin</c> or
    /// <c>sbin</c>.</summary>
    public required string InstallDirectory { get; init; }

    /// <summary>Start Pgpool-II with <c>-d</c>.</summary>
    public bool Debug { get; init; }

    /// <summary><c>health_check_test = on</c>: tests report a node as dead by way of a file.</summary>
    public bool EnableTest { get; init; }

    /// <summary>shutdownall waits until the kernel has forgotten the port too (CHECK_TIME_WAIT).</summary>
    public bool WaitForTimeWait { get; init; }

    /// <summary>What is appended to LD_LIBRARY_PATH before anything is started (PGLIB); null for nothing.</summary>
    public string? LibraryPath { get; init; }

    /// <summary>Words for initdb instead of <c>--no-locale -E UTF_8</c> (INITDBARG); null for those.</summary>
    public IReadOnlyList<string>? InitDbArguments { get; init; }

    /// <summary>The pgpool.conf.sample the configuration begins with; null when there is none: then Pgpool-II's
    /// built-in defaults count.</summary>
    public string? Sample { get; init; }

    /// <summary>Folder of Pgpool-II's own sample scripts, which are used instead of ours (<c>-c</c>); null to use
    /// ours.</summary>
    public string? SampleScripts { get; init; }

    /// <summary>A virtual IP address the watchdog's leader pretends to bring up (<c>-vip</c>); null for none.</summary>
    public string? VirtualIp { get; init; }
}
