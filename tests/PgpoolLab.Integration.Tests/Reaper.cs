using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PgpoolLab.Integration.Tests;

/// <summary>
/// Collects what servers leave when they end. Where the first process of a container does it late or never, the
/// original's scripts wait for ever: a process that has ended and was not collected looks alive to them.
/// </summary>
internal static partial class Reaper
{
    private const int BecomeSubreaper = 36;
    private const int DoNotWait = 1;
    private static readonly HashSet<string> Own = [];

    /// <summary>Starts a process that .NET collects itself.</summary>
    internal static Process Start(ProcessStartInfo info)
    {
        lock (Own)
        {
            var process = Process.Start(info)!;
            _ = Identity(process.Id) is { } identity && Own.Add(identity);
            return process;
        }
    }

    [ModuleInitializer]
    internal static void Begin()
    {
        if (OperatingSystem.IsLinux() && Control(BecomeSubreaper, 1, 0, 0, 0) == 0)
        {
            new Thread(Collect) { IsBackground = true, Name = "reaper" }.Start();
        }
    }

    private static void Collect()
    {
        var self = Environment.ProcessId;
        while (true)
        {
            Thread.Sleep(50);
            lock (Own)
            {
                foreach (var child in Children(self).Where(c => Identity(c) is { } identity && !Own.Contains(identity)))
                {
                    _ = WaitFor(child, out _, DoNotWait);
                }
            }
        }
    }

    /// <summary>A process's number is given to another one some time after it has ended; with the moment of its start
    /// it is its own.</summary>
    private static string? Identity(int process)
    {
        try
        {
            return $"{process} {File.ReadAllText($"/proc/{process}/stat").Split(") ").Last().Split(' ')[19]}";
        }
        catch (IOException)
        {
            return null;
        }
    }

    // Orphans are given to the first thread; .NET starts its own from any.
    private static IEnumerable<int> Children(int self) =>
        File.ReadAllText($"/proc/{self}/task/{self}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(int.Parse);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint two, nuint three, nuint four, nuint five);

    [LibraryImport("libc", EntryPoint = "waitpid")]
    private static partial int WaitFor(int process, out int status, int options);
}
