using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;
using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>export --to file</c>: the lab file of which such a lab is made.</summary>
internal static class LabFileExport
{
    internal static async Task<int> PrintAsync(
        Terminal terminal,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        // Of a lab on several hosts this machine knows what setup was told; the files are there.
        var spread = SpreadCommands.Find(parsed);
        var lab = spread ?? LabCommand.Open(parsed);
        var settings =
            spread is not null || lab.PgpoolSetup is not null
                ? LabSettings.OfSetup(lab)
                : await LabSettings.ReadAsync(lab, Composition.Host().Files, cancellationToken);
        var (text, notes) = LabFileWriter.Write(lab, settings, ProgramVersion.Text);
        if (parsed.GetValue(CommandLine.Json))
        {
            terminal.Out.WriteLine(new LabFileInfo(lab.Name, lab.Root, text, notes).ToJson());
            return (int)ExitCode.Done;
        }

        terminal.Verbatim.Write(text);
        foreach (var note in notes)
        {
            terminal.Say($"note {note}");
        }

        return (int)ExitCode.Done;
    }
}

/// <summary>What <c>export --to file --json</c> prints.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="File">The lab file.</param>
/// <param name="LeftOut">What it cannot say, a sentence each.</param>
internal sealed record LabFileInfo(string Lab, string Directory, string File, IReadOnlyList<string> LeftOut)
{
    internal string ToJson() => JsonSerializer.Serialize(this, LabFileJson.Readable.LabFileInfo);
}

/// <summary>What <c>up -f --json</c> prints of a lab that is there.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="Changed">True when it was changed.</param>
/// <param name="Differences">What was different.</param>
internal sealed record UpInfo(string Lab, string Directory, bool Changed, IReadOnlyList<LabDifference> Differences)
{
    internal string ToJson() => JsonSerializer.Serialize(this, LabFileJson.Readable.UpInfo);
}

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LabFileInfo))]
[JsonSerializable(typeof(UpInfo))]
internal sealed partial class LabFileJson : JsonSerializerContext
{
    internal static LabFileJson Readable =>
        new(
            new JsonSerializerOptions(Default.Options)
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
