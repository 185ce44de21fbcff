using PgpoolLab.Cli.Commands;

namespace PgpoolLab.Cli.Tests;

/// <summary>What <c>run</c> makes of its command line; the labs themselves are made in the integration
/// tests.</summary>
public sealed class RunCommandTests
{
    [Theory]
    [InlineData("run -- make test", "")]
    [InlineData("run -n 3 --slots -- make -n 4", "-n 3 --slots")]
    [InlineData("-v run --keep-on-failure --set postgresql.work_mem=1MB -q -- run", "-v --set postgresql.work_mem=1MB")]
    public void What_stands_before_the_command_is_setups_but_for_runs_own(string line, string options) =>
        Assert.Equal(
            options.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            RunCommand.OptionsIn(line.Split(' ')).ToArray()
        );

    [Theory]
    [InlineData("Put -- before it:  pgpoollab run -- make ...", "run", "make")]
    [InlineData("run makes a lab of its own.", "run", "--lab", "x", "--", "psql")]
    [InlineData("pgpoollab exec --lab x -- PROGRAM", "run", "--lab", "x", "--", "psql")]
    [InlineData("Required argument 'COMMAND' missing", "run")]
    [InlineData("--nodes must be a whole number; it is 'x'.", "run", "-n", "x", "--", "true")]
    [InlineData("There is no option --keep.", "run", "--keep", "--", "true")]
    public async Task A_mistake_is_told_before_anything_is_made(string message, params string[] line)
    {
        var (code, output, error) = await Screen.RunAsync(line);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-program-anywhere")]
    [InlineData("/no/such/program")]
    public async Task A_command_that_is_not_there_makes_no_lab(string program)
    {
        var (code, output, error) = await Screen.RunAsync("run", "--", program);
        Assert.Equal((3, ""), (code, output));
        Assert.StartsWith($"error: There is no program {program}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_takes_all_that_says_what_a_lab_is_to_be()
    {
        var help = await Screen.HelpAsync("run");
        foreach (var option in (string[])["--nodes", "--mode", "--watchdog", "--slots", "--set", "--pg-version"])
        {
            Assert.Contains(option, help, StringComparison.Ordinal);
        }

        foreach (var option in (string[])["--dry-run", "--hosts", "--start", "--json"])
        {
            Assert.DoesNotContain(option + " ", help, StringComparison.Ordinal);
        }
    }
}
