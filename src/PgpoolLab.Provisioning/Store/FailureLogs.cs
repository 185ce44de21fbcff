using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Store;

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
            var places = LabInventory
                .Of(lab)
                .Items.Where(i => i is { Use: LabItemUse.Log, Place: LabItemPlace.Lab })
                .Select(i => i.Path)
                .ToArray();
            var logs = places
                .Where(Directory.Exists)
                .SelectMany(Directory.GetFiles)
                .Concat(places)
                .Where(RegularFile.Is)
                .Distinct();
            foreach (var file in logs)
            {
                // pgpool1/log/pgpool.log: pgpool1-log-pgpool.log; the lab's own are named as they are.
                var name = Path.GetRelativePath(lab.Paths.Log, file);
                File.Copy(
                    file,
                    Path.Combine(
                        target,
                        name.StartsWith("..", StringComparison.Ordinal)
                            ? Path.GetRelativePath(lab.Root, file).Replace('/', '-')
                            : name
                    ),
                    overwrite: true
                );
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
