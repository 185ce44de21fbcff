using System.Runtime.InteropServices;

namespace PgpoolLab.Integration.Tests;

/// <summary>Signals to exactly one process.</summary>
internal static partial class Signals
{
    /// <returns>0 when it was sent.</returns>
    internal static int Send(int process, int signal) => Kill(process, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
