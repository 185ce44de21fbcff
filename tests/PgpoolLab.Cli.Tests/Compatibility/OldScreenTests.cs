using PgpoolLab.Cli.Compatibility;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Planning;

namespace PgpoolLab.Cli.Tests.Compatibility;

public sealed class OldScreenTests
{
    private static StepEvent Of(StepPhase phase, string title, StepSubject subject, Lab lab) =>
        new(DateTimeOffset.UnixEpoch, phase, title, subject, lab);

    /// <summary>What it says as a lab is made, in the order of the plan.</summary>
    private static (string Out, string Error) Play(
        OldOptions options,
        bool running = false,
        Func<LabSpec, LabSpec>? change = null
    )
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var screen = new OldScreen(output, error);
        var spec = (change ?? (s => s))(OldEnvironmentTests.Spec(new OldEnvironment(_ => null), options, Labs.Tools()));
        var plan = LabPlanner.Plan(spec, Labs.Facts);
        screen.Begin(Labs.Tools(), spec);
        foreach (var step in plan.Steps)
        {
            screen.Read(Of(StepPhase.Begins, step.Title, step.Subject, plan.Lab));
            screen.Read(Of(StepPhase.Ends, step.Title, step.Subject, plan.Lab));
        }

        screen.End(plan.Lab, running);
        return (output.ToString().ReplaceLineEndings("\n"), error.ToString());
    }

    [Theory]
    [InlineData("s")]
    [InlineData("r")]
    [InlineData("n")]
    [InlineData("l")]
    [InlineData("i")]
    [InlineData("y")]
    public void It_says_what_the_old_script_says(string mode)
    {
        var (output, error) = Play(new OldOptions { Mode = mode });
        Assert.Equal("", error);
        Snapshot.Approve($"old-screen-{mode}", output);
    }

    [Fact]
    public void Watchdog_setup_names_each_Pgpool() =>
        Snapshot.Approve("old-screen-watchdog", Play(new OldOptions { PgpoolNodes = 3 }, running: true).Out);

    [Fact]
    public void Without_clusters_there_is_less_to_say() =>
        Snapshot.Approve("old-screen-e", Play(new OldOptions { NoClusters = true }).Out);

    [Fact]
    public void That_the_servers_run_on_is_said_with_a_capital() =>
        Assert.EndsWith(
            "\nCAUTION: whole system is still running.\n",
            Play(new OldOptions(), running: true).Out,
            StringComparison.Ordinal
        );

    [Fact]
    public void That_sample_scripts_are_put_to_the_test_is_said() =>
        Assert.Contains(
            "\nTest Pgpool-II RPMs using sample scripts and config files\n",
            Play(
                new OldOptions(),
                change: s => s with { PgpoolSetup = s.PgpoolSetup! with { SampleScripts = "/etc/pgpool-II" } }
            ).Out,
            StringComparison.Ordinal
        );

    [Fact]
    public void What_the_old_script_had_no_words_for_goes_to_standard_error()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var screen = new OldScreen(output, error);
        screen.Read(Of(StepPhase.Fails, "Start node 1", StepSubject.None, Labs.Old()));
        screen.Read(LabEvent.Note(DateTimeOffset.UnixEpoch, "Port 50001 is lent."));
        screen.Read(LabEvent.Undo(DateTimeOffset.UnixEpoch, "stop node 0"));
        Assert.Equal(
            ("", "FAILED: Start node 1\nPort 50001 is lent.\n"),
            (output.ToString(), error.ToString().ReplaceLineEndings("\n"))
        );
    }
}
