using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Store;

/// <summary>Since when which hosts of a lab do not answer: what one command has found out, the next one knows. It is
/// kept beside the lab's manifest, on the machine where it was made.</summary>
public static class HostSilences
{
    /// <summary>Reads it.</summary>
    /// <returns>By the host's number; empty when all have answered last, or when it cannot be read.</returns>
    public static IReadOnlyDictionary<int, DateTimeOffset> Load(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        try
        {
            return JsonSerializer.Deserialize(
                    File.ReadAllText(lab.Paths.Silences),
                    SilencesJson.Default.DictionaryInt32DateTimeOffset
                ) ?? [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return new Dictionary<int, DateTimeOffset>();
        }
    }

    /// <summary>Keeps it. Where it cannot be written, the next command finds out for itself.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="silences">By the host's number.</param>
    public static void Save(Lab lab, IReadOnlyDictionary<int, DateTimeOffset> silences)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(silences);
        try
        {
            if (silences.Count == 0)
            {
                File.Delete(lab.Paths.Silences);
            }
            else if (Directory.Exists(lab.Paths.Hidden))
            {
                LabStore.WriteWhole(
                    lab.Paths.Silences,
                    JsonSerializer.Serialize(
                        silences.ToDictionary(),
                        SilencesJson.Default.DictionaryInt32DateTimeOffset
                    ) + "\n"
                );
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A lab that is just being removed, a full disk.
        }
    }
}

[JsonSerializable(typeof(Dictionary<int, DateTimeOffset>))]
internal sealed partial class SilencesJson : JsonSerializerContext;
