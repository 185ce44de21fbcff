using PgpoolLab.Model;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Probes;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A dry run tells what would be done: every file, and no other.</summary>
public sealed class PreviewTests
{
    private static async Task TellsEveryFileAsync(IStep step, Lab lab)
    {
        var host = new FakeHost();
        await step.ExecuteAsync(new StepContext(host, lab, Labs.Renderer(), new ProbeRunner(host, TimeProvider.System), Labs.Users, new UndoStack(), Serilog.Core.Logger.None), CancellationToken.None);
        var told = step.Preview(lab).Select(l => l[(l.IndexOf('/', StringComparison.Ordinal))..]).Order(StringComparer.Ordinal);
        Assert.Equal(host.Files.Keys.Order(StringComparer.Ordinal), told);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(10)]
    public Task The_primarys_files_are_told(int major)
    {
        var lab = Labs.Fixed(major);
        return TellsEveryFileAsync(new ConfigureNode(lab.Nodes[0], null), lab);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(10)]
    public Task A_standbys_files_are_told_and_not_those_it_has_from_the_copy(int major)
    {
        var lab = Labs.Fixed(major);
        return TellsEveryFileAsync(new ConfigureNode(lab.Nodes[1], lab.Nodes[0]), lab);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("root")]
    public Task The_labs_files_are_told(string? invoker)
    {
        var lab = Labs.Fixed() with { Invoker = invoker };
        return TellsEveryFileAsync(new WriteLabFiles(), lab);
    }

    [Fact]
    public async Task Whatever_a_step_writes_it_can_take_back()
    {
        var (host, undo, lab) = (new FakeHost(), new UndoStack(), Labs.Fixed() with { Invoker = "root" });
        var context = new StepContext(host, lab, Labs.Renderer(), new ProbeRunner(host, TimeProvider.System), Labs.Users, undo, Serilog.Core.Logger.None);
        await new WriteLabFiles().ExecuteAsync(context, CancellationToken.None);
        Assert.NotEmpty(host.Files);
        Assert.Empty(await undo.UnwindAsync(_ => { }));
        Assert.Empty(host.Files);
    }
}
