using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Keeps the logs of a setup that failed, when everything else of it is removed.</summary>
internal static class FailureLogs
{
    private const int Kept = 10;

    /// <returns>The folder they are in; null when there are none or they cannot be kept.</returns>
    internal static string? Keep(Lab lab, TimeProvider time)
    {
        try
        {
            var parent = $"{StateFolder.Open()}/failed";
            var target = Directory.CreateDirectory($"{parent}/{time.GetUtcNow():yyyyMMdd-HHmmss}-{lab.Id}").FullName;
            foreach (var file in Directory.Exists(lab.Paths.Log) ? Directory.GetFiles(lab.Paths.Log) : [])
            {
                File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
            }

            foreach (var old in Directory.GetDirectories(parent).OrderDescending(StringComparer.Ordinal).Skip(Kept))
            {
                Directory.Delete(old, recursive: true);
            }

            return target;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LabException)
        {
            return null;
        }
    }
}
