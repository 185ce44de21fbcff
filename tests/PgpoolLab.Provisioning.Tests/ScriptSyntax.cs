using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Has a shell read scripts without running them.</summary>
internal static class ScriptSyntax
{
    /// <summary>Fails when there is any that the shell does not understand.</summary>
    internal static async Task RequireValidAsync(params IEnumerable<KeyValuePair<string, string>> scripts)
    {
        using var folder = new TemporaryFolder();
        foreach (var (name, text) in scripts)
        {
            File.WriteAllText(folder[name.Replace('/', ' ')], text);
        }

        var files = Directory.GetFiles(folder.Path);
        Assert.NotEmpty(files);
        var result = await new LocalHost(TimeProvider.System).Programs.RunAsync(
            new CommandSpec(
                "/bin/sh",
                [
                    "-c",
                    "status=0; for script; do /bin/sh -n \"$script\" || status=1; done; exit $status",
                    "sh",
                    .. files,
                ]
            ),
            CancellationToken.None
        );
        Assert.True(result is { ExitCode: 0, Error: "" }, result.Error);
    }
}
