using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Shows what destroying a lab would do, and asks about what is the user's own.</summary>
internal static class DestroyView
{
    private const int MostShown = 10;
    private static readonly DestroyJson Json = new(
        new JsonSerializerOptions(DestroyJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
    );

    /// <summary>The report of <c>--dry-run</c>, on standard output.</summary>
    internal static void Print(Terminal terminal, Lab lab, DestroyPreview preview, bool json)
    {
        if (json)
        {
            terminal.Out.WriteLine(JsonSerializer.Serialize(preview, Json.DestroyPreview));
            return;
        }

        Section("Would stop:", preview.Servers);
        Section("Would delete:", preview.Deletes);
        Section("Would keep, as it is neither the lab's nor its servers' (--yes deletes it):", preview.UsersFiles);
        Section("Would not touch:", preview.Stays);
        terminal.Say($"Nothing was done to the lab '{lab.Name}'.");

        void Section(string title, IReadOnlyList<string> lines)
        {
            foreach (var line in lines.Count == 0 ? [] : lines.Select(l => "  " + l).Prepend(title))
            {
                terminal.Out.WriteLine(line);
            }
        }
    }

    /// <summary>Asks a person at a terminal whether files of their own are to be deleted as well.</summary>
    /// <returns>True when the answer is yes; false also where nobody can be asked.</returns>
    internal static async Task<bool> AskAsync(
        Terminal terminal,
        Lab lab,
        DestroyPreview preview,
        CancellationToken cancellationToken
    )
    {
        if (!terminal.IsInteractive || !Question.CanAsk)
        {
            return false;
        }

        terminal.Error.WriteLine(
            $"In folders of the lab '{lab.Name}' there are files that neither the lab nor its servers have made:"
        );
        foreach (var file in preview.UsersFiles.Take(MostShown))
        {
            terminal.Error.WriteLine("  " + file);
        }

        if (preview.UsersFiles.Count > MostShown)
        {
            terminal.Error.WriteLine($"  and {preview.UsersFiles.Count - MostShown} more");
        }

        return await Question.AskAsync(
            terminal,
            "Delete them, too? y: yes; n: keep them, and destroy the rest; Ctrl+C: do nothing [n]",
            cancellationToken
        );
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DestroyPreview))]
internal sealed partial class DestroyJson : JsonSerializerContext;
