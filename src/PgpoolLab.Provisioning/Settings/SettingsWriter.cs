using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Settings;

/// <summary>Writes settings into the configuration files of a lab: into all or into none.</summary>
/// <param name="host">Where they are.</param>
internal sealed class SettingsWriter(IHost host)
{
    /// <summary>What a file is to be.</summary>
    /// <param name="Path">The file, with links resolved.</param>
    /// <param name="Before">Its text.</param>
    /// <param name="After">Its text with the settings.</param>
    internal sealed record Change(string Path, string Before, string After);

    /// <summary>Reads a file and prepares the change.</summary>
    /// <exception cref="LabException">It is not there, or it cannot be written back as it was.</exception>
    internal async Task<Change> PrepareAsync(
        string path,
        string program,
        IReadOnlyDictionary<string, string> settings,
        CancellationToken cancellationToken
    )
    {
        // A user may have put a link in its place.
        var file = await host.Files.RealPathAsync(path, cancellationToken);
        var text =
            await host.Files.ReadTextAsync(file, cancellationToken)
            ?? throw new LabException(ExitCode.NotFound, $"There is no file {path}; nothing was changed.");
        return text.Contains('\uFFFD')
            ? throw new LabException(
                ExitCode.Failed,
                $"{path} is not UTF-8, and its lines would not be kept as they are; nothing was changed."
            )
            {
                Hints = [$"Convert it:  iconv -f LATIN1 -t UTF-8 {Shell.Quote(path)} > converted"],
            }
            : new Change(file, text, SettingsText.With(text, program, settings));
    }

    /// <summary>Writes.</summary>
    internal async Task WriteAsync(IReadOnlyList<Change> changes, CancellationToken cancellationToken)
    {
        var written = new List<Change>();
        try
        {
            foreach (var change in changes.Where(c => c.After != c.Before))
            {
                written.Add(change);
                await host.Files.WriteTextAsync(change.Path, change.After, Modes.PrivateFile, cancellationToken);
            }
        }
        catch
        {
            await TakeBackAsync(written);
            throw;
        }
    }

    /// <summary>Puts back what was there.</summary>
    internal async Task TakeBackAsync(IReadOnlyList<Change> changes)
    {
        foreach (var change in changes)
        {
            await host.Files.WriteTextAsync(change.Path, change.Before, Modes.PrivateFile, CancellationToken.None);
        }
    }
}
