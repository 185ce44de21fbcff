using System.Security.Cryptography;
using System.Text;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Access;

/// <summary>
/// Small programs that stand before a lab's own on PATH, so that also <c>timeout</c>, <c>xargs</c>, <c>make</c> and a
/// script find pcp's password, port and host. Each set lies in the caller's own state folder, where nobody else can
/// write; not in the lab, which may be another user's, and whose path somebody else may take when it is gone.
/// </summary>
internal static class Wrappers
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Beside a set, the file that names its lab.</summary>
    private const string NameFile = ".lab";

    /// <summary>Makes those of the current user's own lab.</summary>
    /// <returns>The folder for PATH; null where nothing can be written.</returns>
    internal static string? TryWrite(Lab lab)
    {
        try
        {
            var bodies = LabPrograms
                .PcpOf(lab)
                .ToDictionary(
                    p => p,
                    p =>
                        $"PCPPASSFILE={Shell.Quote(lab.Pgpool.Paths.PcpPass)}\nexport PCPPASSFILE\n"
                        + $"exec {Words(LabPrograms.PcpWords(lab, p))} \"$@\"\n"
                );
            return Write(StateFolder.Open(), lab, bodies);
        }
        catch (Exception error) when (error is LabException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Makes root's for another user's lab. Each calls this program, which gives up root before it runs
    /// anything of the lab's.</summary>
    /// <param name="state">Root's state folder.</param>
    /// <param name="lab">The lab.</param>
    /// <returns>The folder for root's PATH.</returns>
    internal static string WriteForRoot(string state, Lab lab)
    {
        var bodies = BodiesForRoot(lab);
        string? folder = null;
        Identity.WithOriginalRights(() => folder = Write(state, lab, bodies));
        return folder
            ?? throw new LabException(ExitCode.Failed, $"Programs for root's PATH could not be put into {state}.")
            {
                Hints = [$"Run them one by one:  pgpoollab exec --lab {Shell.Quote(lab.Root)} -- PROGRAM"],
            };
    }

    internal static Dictionary<string, string> BodiesForRoot(Lab lab)
    {
        var program = Words(Invocation.ForScripts());
        var run = $"exec {program} exec --lab {Shell.Quote(lab.Root)} --";
        var bodies = LabPrograms
            .Postgres.Concat(LabPrograms.PcpOf(lab))
            .ToDictionary(p => p, p => $"{run} {p} \"$@\"\n");
        if (Invocation.FolderToAdd is not null)
        {
            bodies[Invocation.Name] = $"exec {program} \"$@\"\n";
        }

        return bodies;
    }

    /// <summary>PATH without any folder of wrappers.</summary>
    internal static string? Without(string? path) =>
        path is null
            ? null
            : string.Join(':', path.Split(':').Where(f => f.Length == 0 || !File.Exists(f.TrimEnd('/') + NameFile)));

    /// <summary>Removes the sets whose labs are gone.</summary>
    /// <param name="state">A state folder.</param>
    internal static void RemoveOfGoneLabs(string state)
    {
        var parent = Parent(state);
        foreach (var file in Directory.Exists(parent) ? Directory.GetFiles(parent, $"*{NameFile}") : [])
        {
            if (!File.Exists(new LabPaths(File.ReadAllText(file)).Manifest))
            {
                var folder = file[..^NameFile.Length];
                if (Directory.Exists(folder))
                {
                    Directory.Delete(folder, recursive: true);
                }

                File.Delete(file);
            }
        }

        if (Directory.Exists(parent) && !Directory.EnumerateFileSystemEntries(parent).Any())
        {
            try
            {
                Directory.Delete(parent);
            }
            catch (IOException)
            {
                // Another env has just put something into it.
            }
        }
    }

    private static string Parent(string state) => $"{state}/bin";

    private static string? Write(string state, Lab lab, Dictionary<string, string> bodies)
    {
        // Elements of PATH cannot be quoted.
        if (OperatingSystem.IsWindows() || state.Contains(':', StringComparison.Ordinal))
        {
            return null;
        }

        RemoveOfGoneLabs(state);
        // By the lab's folder: its name and its number are what its user has written.
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lab.Root)))[..16];
        var folder = $"{Parent(state)}/{hash}";
        Directory.CreateDirectory(folder, OwnerOnly);
        File.WriteAllText(folder + NameFile, lab.Root);
        foreach (var (name, body) in bodies)
        {
            var (file, text) = ($"{folder}/{name}", $"#!/bin/sh\n# Made by: {Invocation.Name} env\n{body}");
            if (!File.Exists(file) || File.ReadAllText(file) != text)
            {
                var unfinished = UnfinishedFile.Beside(file);
                File.WriteAllText(unfinished, text);
                File.SetUnixFileMode(unfinished, OwnerOnly);
                File.Move(unfinished, file, overwrite: true);
            }
        }

        return folder;
    }

    private static string Words(IReadOnlyList<string> words) => string.Join(' ', words.Select(Shell.Quote));
}
