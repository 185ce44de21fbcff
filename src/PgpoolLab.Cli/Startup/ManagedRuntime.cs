using System.Reflection;
using System.Runtime.CompilerServices;
using PgpoolLab.Hosts;

namespace PgpoolLab.Cli.Startup;

/// <summary>
/// What the framework-dependent program must do as root before root stands down; the native one is all in memory and
/// opens nothing of this.
/// </summary>
internal static class ManagedRuntime
{
    internal static void PrepareToStandDown()
    {
        if (RuntimeFeature.IsDynamicCodeSupported && Identity.IsRoot)
        {
            LoadEverything();
            RemoveDebuggingSockets(Path.GetTempPath());
        }
    }

    /// <summary>The lab's user may not be allowed where root has installed this: <c>/root/.dotnet/tools</c> is closed
    /// to all others.</summary>
    private static void LoadEverything()
    {
        foreach (
            var file in (AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") as string ?? "").Split(
                Path.PathSeparator,
                StringSplitOptions.RemoveEmptyEntries
            )
        )
        {
            Assembly.Load(new AssemblyName(Path.GetFileNameWithoutExtension(file)));
        }
    }

    /// <summary>The runtime has opened them as root, and could not remove them as another user. Their names: .NET
    /// manual, "Diagnostic port".</summary>
    private static void RemoveDebuggingSockets(string folder)
    {
        foreach (var name in Directory.Exists(folder) ? (string[])["dotnet-diagnostic", "clr-debug-pipe"] : [])
        {
            foreach (var file in Directory.EnumerateFiles(folder, $"{name}-{Environment.ProcessId}-*"))
            {
                File.Delete(file);
            }
        }
    }
}
