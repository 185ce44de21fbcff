using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>The files of a lab that name its folder or its ports, as they lie in some folder, made those of another
/// lab. Scripts are written anew when they are as this program writes them; in all others the names are
/// exchanged.</summary>
/// <param name="relocation">The two labs.</param>
/// <param name="renderer">Writes scripts.</param>
/// <param name="folder">Where the files lie.</param>
internal sealed partial class RelocatedFiles(Relocation relocation, ConfigRenderer renderer, string folder)
{
    private const int LargestText = 4 << 20;

    /// <summary>Does it. To do it once more changes nothing.</summary>
    /// <exception cref="LabException">A file still names the old folder.</exception>
    internal void Write()
    {
        var rendered = Rendered();
        foreach (var path in Texts().Distinct(StringComparer.Ordinal))
        {
            Rewrite(path, rendered.TryGetValue(path, out var texts) ? texts : null);
        }

        foreach (var link in TablespaceLinks())
        {
            var target = new FileInfo(link).LinkTarget!;
            var other = relocation.Apply(target);
            if (other != target)
            {
                File.Delete(link);
                File.CreateSymbolicLink(link, other);
            }
        }
    }

    private void Rewrite(string path, (string Before, string After)? rendered)
    {
        string? text;
        try
        {
            text = RegularFile.ReadText(path, LargestText);
        }
        catch (IOException)
        {
            return; // no text, or larger than any of the lab's
        }

        if (text is null || text.Contains('\0'))
        {
            return;
        }

        var after = rendered is var (was, isNow) && Same(text, was) ? isNow : relocation.Apply(text);
        if (relocation.NamesOld(after))
        {
            throw new LabException(
                ExitCode.Failed,
                $"{path} names {relocation.From.Root} in a way that cannot be changed."
            );
        }

        if (after == text)
        {
            return;
        }

        var mode = OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);
        LabStore.WriteWhole(path, after);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    /// <summary>Files that may be as a template gives them.</summary>
    private Dictionary<string, (string, string)> Rendered()
    {
        var (from, to) = (relocation.From, relocation.To);
        var result = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        // Those with passwords in them are no pure function of the lab.
        foreach (
            var (old, now) in WriteLabFiles
                .Files(from)
                .Zip(WriteLabFiles.Files(to))
                .Where(f => Path.GetFileName(f.First.Template) is not ("pgpool.conf" or "pcp.conf" or "pcppass"))
        )
        {
            result[In(from, old.Path)] = (
                renderer.Render(old.Template, from, old.Pgpool, LabSecrets.None),
                renderer.Render(now.Template, to, now.Pgpool, LabSecrets.None)
            );
        }

        foreach (var node in from.OwnsNodes ? from.OwnNodes : [])
        {
            foreach (var script in ConfigureNode.Scripts(from))
            {
                result[In(from, $"{node.DataDirectory}/{script}")] = (
                    renderer.Render($"scripts/{script}", from),
                    renderer.Render($"scripts/{script}", to)
                );
            }
        }

        return result;
    }

    private string In(Lab lab, string path) => $"{folder}/{Path.GetRelativePath(lab.Root, path)}";

    private IEnumerable<string> Texts()
    {
        var lab = relocation.From;
        foreach (var item in SnapshotContents.Of(lab).Where(i => i.Kind is LabItemKind.File))
        {
            yield return $"{folder}/{item.Path}";
        }

        foreach (var etc in lab.OwnPgpools.Select(p => In(lab, p.Paths.Etc)).Where(Directory.Exists))
        {
            foreach (var file in Directory.EnumerateFiles(etc, "*", SearchOption.AllDirectories))
            {
                yield return file;
            }
        }

        foreach (var data in (lab.OwnsNodes ? lab.OwnNodes : []).Select(n => In(lab, n.DataDirectory)))
        {
            foreach (var file in Directory.Exists(data) ? Directory.EnumerateFiles(data) : [])
            {
                if (SettingsOrScript().IsMatch(Path.GetFileName(file)))
                {
                    yield return file;
                }
            }

            foreach (var file in Directory.Exists($"{data}/conf.d") ? Directory.EnumerateFiles($"{data}/conf.d") : [])
            {
                yield return file;
            }
        }
    }

    private string[] TablespaceLinks() =>
        (relocation.From.OwnsNodes ? relocation.From.OwnNodes : [])
            .Select(n => $"{In(relocation.From, n.DataDirectory)}/pg_tblspc")
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateFileSystemEntries)
            .Where(p => new FileInfo(p).LinkTarget is not null)
            .ToArray();

    private static bool Same(string left, string right) => Version().Replace(left, "") == Version().Replace(right, "");

    [GeneratedRegex(@"\A(.*\.(conf|sh|auto\.conf)|recovery\.done|pgpool_.*|basebackup.*)\z")]
    private static partial Regex SettingsOrScript();

    /// <summary>The version that has written a file, and where it was.</summary>
    [GeneratedRegex("^# Written by pgpoollab .* for the lab |^program=.*$", RegexOptions.Multiline)]
    private static partial Regex Version();
}
