using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace PgpoolLab.Cli.Tests;

/// <summary>What <c>./test</c> says of a program of tests, however that ends.</summary>
public sealed class WatchedTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's ü");

    public void Dispose() => _folder.Dispose();

    private (string Counts, string Output) Watch(string script, string patience = "600")
    {
        Executable.Write(_folder["A.Tests"], "#!/bin/sh\n" + script);
        var start = new ProcessStartInfo(
            Path.Combine(Repository(), "tests/watched"),
            [_folder["counts"], _folder["log"], _folder["A.Tests"]]
        )
        {
            RedirectStandardOutput = true,
        };
        start.Environment["PGPOOLLAB_TEST_PATIENCE"] = patience;
        using var watched = Process.Start(start)!;
        var output = watched.StandardOutput.ReadToEnd();
        watched.WaitForExit();
        return (File.ReadAllText(_folder["counts"]), output);
    }

    private const string SomeTests = """
        echo '    A.B.Passes [STARTING]'
        echo '    A.B.Passes [FINISHED] Time: 0.1s'
        echo '    A.B.Fails(x: "[FAIL]") [STARTING]'
        echo '    A.B.Fails(x: "[FAIL]") [FAIL]'
        echo '      Expected: "Total: 9"'
        echo '    A.B.Fails(x: "[FAIL]") [FINISHED] Time: 0.1s'
        echo '    A.B.Is_left_out [SKIP]'
        echo '    A.B.Is_left_out [FINISHED] Time: 0s'
        echo '    A.B.Hangs [STARTING]'

        """;

    [Fact]
    public void A_program_that_ends_well_counts_what_its_sums_say()
    {
        var (counts, output) = Watch(
            "echo '   A.Tests  Total: 7, Errors: 0, Failed: 0, Skipped: 2, Not Run: 0, Time: 1s'"
        );
        Assert.Equal("5 0 2\n", counts);
        Assert.Contains("Total: 7", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_outside_of_a_test_counts_though_every_test_passed()
    {
        Assert.Equal(
            "7 2 0\n",
            Watch("echo '   A.Tests  Total: 7, Errors: 2, Failed: 0, Skipped: 0, Not Run: 0, Time: 1s'; exit 1").Counts
        );
    }

    [Fact]
    public void A_program_that_hangs_is_ended_and_counts_what_it_ran_and_one_failure_more()
    {
        var (counts, output) = Watch(SomeTests + "exec sleep 600", patience: "3");
        Assert.Equal("1 2 1\n", counts);
        Assert.Contains(
            "no test had finished for 3 s. Running were:\n    A.B.Hangs\n",
            output,
            StringComparison.Ordinal
        );
        Assert.Contains("Expected: \"Total: 9\"", output, StringComparison.Ordinal);
        Assert.DoesNotContain("[FINISHED]", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_sums_of_a_program_that_was_cut_off_are_not_believed()
    {
        var sums =
            "trap \"echo '   A.Tests  Total: 0, Errors: 0, Failed: 0, Skipped: 0, Not Run: 0, Time: 1s'; exit "
            + "0\" TERM\n";
        Assert.Equal("1 2 1\n", Watch(sums + SomeTests + "while :; do sleep 0.1; done", patience: "3").Counts);
    }

    [Fact]
    public void A_program_that_died_counts_what_it_ran_and_one_failure_more()
    {
        var (counts, output) = Watch(SomeTests + "kill -ABRT $$");
        Assert.Equal("1 2 1\n", counts);
        Assert.Contains("A.Tests ended with exit code 134", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_beginning_of_what_failed_is_kept_for_the_end_of_the_whole_run()
    {
        Watch(SomeTests + "echo '      after it'; exit 1");
        Assert.Equal(
            "    A.B.Fails(x: \"[FAIL]\") [FAIL]\n      Expected: \"Total: 9\"\n",
            File.ReadAllText(_folder["counts.failed"])
        );
        Watch(
            "for line in $(seq 100); do [ $line != 2 ] || echo '    A.B.Fails [FAIL]'; echo \"      $line\"; "
                + "done; exit 1"
        );
        var second = File.ReadAllLines(_folder["counts.failed"])[2..];
        Assert.Equal(25, second.Length);
        Assert.Equal(("    A.B.Fails [FAIL]", "      2"), (second[0], second[1]));
    }

    [Fact]
    public void A_program_that_says_nothing_counts_as_a_failure()
    {
        Assert.Equal("0 1 0\n", Watch("exit 0").Counts);
        Assert.Equal("0 1 0\n0 1 0\n", Watch("exit 3").Counts);
    }

    [Fact]
    public void What_Python_says_is_counted_too()
    {
        var script = """
            echo 'test_a (__main__.A.test_a) ... ok'
            echo 'test_b (__main__.A.test_b) ... FAIL'
            echo "test_c (__main__.A.test_c) ... skipped 'no'"

            """;
        Assert.Equal("1 2 1\n", Watch(script + "exit 1").Counts);
        Assert.EndsWith(
            "\n1 1 1\n",
            Watch(script + "echo 'Ran 3 tests in 0.1s'; echo 'FAILED (failures=1, skipped=1)'; exit 1").Counts,
            StringComparison.Ordinal
        );
    }

    private static string Repository([CallerFilePath] string self = "") =>
        Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(self)))!;
}
