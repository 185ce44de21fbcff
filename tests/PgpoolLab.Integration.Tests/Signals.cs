using System.Runtime.InteropServices;

namespace PgpoolLab.Integration.Tests;

/// <summary>Signals to exactly one process.</summary>
internal static partial class Signals
{
    internal const int Kill = 9;

    /// <returns>0 when it was sent.</returns>
    internal static int Send(int process, int signal) => SendSignal(process, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
