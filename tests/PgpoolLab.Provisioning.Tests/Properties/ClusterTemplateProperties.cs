using CsCheck;
using PgpoolLab.Provisioning.Clusters;

namespace PgpoolLab.Provisioning.Tests.Properties;

public sealed class ClusterTemplateProperties
{
    [Fact]
    public async Task Any_description_of_a_template_is_followed_within_the_targets_folder_or_called_damaged()
    {
        using var folder = new TemporaryFolder();
        var original = folder["template"];
        var fake = new FakeClusters();
        await ClusterTemplate.MakeAsync(
            original,
            FakeClusters.Recipe(),
            fake.Host,
            TimeProvider.System,
            CancellationToken.None
        );
        var description = File.ReadAllText($"{original}/template.json");
        var count = 0;
        Gen.Frequency(
                (6, AnyJson.Mutation(description)),
                (2, Any.Mutation(description)),
                (1, AnyJson.Value),
                (1, Any.Text)
            )
            .Sample(
                text =>
                {
                    var own = folder[$"{Interlocked.Increment(ref count)}"];
                    Directory.CreateDirectory($"{own}/template");
                    Directory.CreateSymbolicLink($"{own}/template/cluster", $"{original}/cluster");
                    File.WriteAllText($"{own}/template/template.json", text);
                    try
                    {
                        var template = ClusterTemplate.Find($"{own}/template")!;
                        Assert.NotNull(template.Manifest.Key);
                        Assert.True(template.Bytes >= 0);
                        template.CopyTo([$"{own}/copy"], CancellationToken.None);
                    }
                    catch (TemplateDamagedException error)
                    {
                        Assert.NotEmpty(error.Message);
                    }

                    Assert.All(
                        Directory.EnumerateFileSystemEntries(own),
                        e => Assert.True(Path.GetFileName(e) is "template" or "copy", e)
                    );
                    Directory.Delete(own, recursive: true);
                },
                iter: Any.Many / 2,
                print: Any.Shown
            );
        Assert.Equal([original], Directory.EnumerateFileSystemEntries(folder.Path));
    }
}
