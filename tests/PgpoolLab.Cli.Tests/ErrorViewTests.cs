using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Tools;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Cli.Tests;

public sealed class ErrorViewTests
{
    private static readonly CommandFailedException CommandFailed = new(
        "create node 0",
        new CommandResult(
            new CommandSpec("/usr/lib/postgresql/15/bin/initdb", "-D", "/srv/my lab/data0"),
            1,
            "The files will be owned by olga.\n",
            "initdb: error: could not create directory \"/srv/my lab/data0\": [No] space left on device\ninitdb: "
                + "removing data directory\n",
            TimeSpan.Zero
        )
    );

    private static readonly ProbeFailedException ProbeFailed = new(
        "Expected that PostgreSQL node 1 accepts connections on port 11003, but it has ended."
    )
    {
        Details = ["Last seen: Connection refused"],
        LogFile = "/srv/lab/log/node1.log",
        LogTail = ["LOG:  starting PostgreSQL 15.18", "FATAL:  lock file \"postmaster.pid\" already exists"],
    };

    private static readonly Dictionary<string, Exception> Errors = new()
    {
        ["plain"] = new LabException(ExitCode.InTheWay, "The folder /srv/lab is not empty: it holds a, b.")
        {
            Hints = ["Name a folder that does not exist yet:  pgpoollab setup DIR"],
        },
        ["brackets"] = new LabException(ExitCode.Failed, "A name with [red]markup[/] in it, and [brackets].")
        {
            Hints = ["[bold]"],
            Details = ["[x]"],
        },
        ["long"] = new LabException(
            ExitCode.Failed,
            $"A long sentence: {string.Join(' ', Enumerable.Repeat("word", 40))}."
        )
        {
            Hints = [$"sudo -u olga {string.Join(' ', Enumerable.Repeat("--an-option", 12))}"],
        },
        ["one-problem"] = new InvalidSpecException(["--nodes must be between 1 and 128."]),
        ["several-problems"] = new InvalidSpecException([
            "--nodes must be between 1 and 128.",
            "--set 'x' is not understood.",
        ]),
        ["command-failed"] = CommandFailed,
        ["probe-failed"] = ProbeFailed,
        ["no-log-yet"] = new ProbeFailedException("Expected that Pgpool-II answers; it did not happen within 60 s.")
        {
            Details = ["Last seen: no answer"],
            LogFile = "/srv/lab/log/pgpool.log",
        },
        ["tools-missing"] = new ToolsMissingException("What a lab is made of is not all on this machine.", ["pgpool2"])
        {
            Details = ["pg_rewind: PostgreSQL 15.18 in /usr/lib/postgresql/15/bin lacks it."],
            Hints = ["Install it:  apt-get install postgresql-15", "Or say where it is:  --pg-bin DIR"],
        },
        ["program-not-found"] = new ProgramNotFoundException(
            "/usr/bin/initdb",
            new System.ComponentModel.Win32Exception(2, "No such file or directory")
        ),
        ["interrupted"] = new OperationCanceledException(),
        ["disk-full"] = new IOException("No space left on device : '/srv/lab/etc/pgpool.conf'"),
        ["not-allowed"] = new UnauthorizedAccessException("Access to the path '/srv/lab' is denied."),
        ["unexpected"] = new InvalidOperationException("Sequence contains no elements"),
        ["setup-undone"] = new SetupFailedException(CommandFailed, ExitCode.Failed)
        {
            KeptLogs = "/home/olga/.local/state/pgpoollab/failed/20261123-0123abcd",
        },
        ["setup-undone-without-logs"] = new SetupFailedException(
            new LabException(ExitCode.InTheWay, "Port 11000 (Pgpool-II) is used by pgpool (pid 1: pgpool -n)."),
            ExitCode.InTheWay
        ),
        ["setup-not-undone"] = new SetupFailedException(ProbeFailed, ExitCode.UndoFailed)
        {
            KeptLogs = "/tmp/logs",
            NotUndone = ["delete /srv/lab/data0: Permission denied", "stop node 1: no"],
        },
        ["setup-disk-full"] = new SetupFailedException(ProbeFailed, ExitCode.NotHealthy)
        {
            FullDisk = "The disk under /srv/lab is full (No space left on device).",
            KeptLogs = "/tmp/logs",
        },
        ["setup-kept"] = new SetupFailedException(ProbeFailed, ExitCode.NotHealthy)
        {
            KeptLogs = "/srv/lab/log",
            KeptEverything = true,
        },
        ["setup-interrupted"] = new SetupFailedException(new OperationCanceledException(), ExitCode.Interrupted),
        ["setup-unexpected"] = new SetupFailedException(new InvalidOperationException("oops"), ExitCode.Failed),
    };

    public static TheoryData<string> Names => new(Errors.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_failure_is_told_so_that_it_can_be_acted_on(string name)
    {
        var screen = new Screen();
        var code = ErrorView.Show(screen.Terminal, Errors[name]);
        Assert.Equal("", screen.Out);
        Snapshot.Approve($"error-{name}", $"{screen.Error}-- exit code {(int)code} ({code})\n");
    }

    [Fact]
    public void What_is_wrong_is_said_in_the_words_of_whoever_asked()
    {
        var problem = new InvalidSpecException([new SpecProblem($"{SpecField.Nodes} must be between 1 and 128.")]);
        var (own, old) = (new Screen(), new Screen());
        old.Terminal.NameOf = FieldNames.Letter;
        ErrorView.Show(own.Terminal, problem);
        ErrorView.Show(old.Terminal, problem);
        Assert.Equal("error: --nodes must be between 1 and 128.\n", own.Error);
        Assert.Equal("error: -n must be between 1 and 128.\n", old.Error);
    }

    [Fact]
    public void Every_field_has_an_option()
    {
        var options = AllCommands
            .Root(new Screen().Terminal, [])
            .Subcommands.Single(c => c.Name == "setup")
            .Options.Select(o => o.Name);
        Assert.Empty(Enum.GetValues<SpecField>().Select(FieldNames.Option).Except(options));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_stack_trace_is_shown_only_when_asked_for(string name)
    {
        Exception thrown;
        try
        {
            throw Errors[name];
        }
        catch (Exception error)
        {
            thrown = error;
        }

        var (brief, verbose) = (new Screen(), new Screen());
        verbose.Terminal.Verbose = true;
        ErrorView.Show(brief.Terminal, thrown);
        ErrorView.Show(verbose.Terminal, thrown);
        Assert.DoesNotContain("   at ", brief.Error, StringComparison.Ordinal);
        Assert.Contains("   at PgpoolLab.Cli.Tests.ErrorViewTests.", verbose.Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_quiet_program_still_tells_its_errors(string name)
    {
        var (quiet, loud) = (new Screen(), new Screen());
        quiet.Terminal.Quiet = true;
        ErrorView.Show(quiet.Terminal, Errors[name]);
        ErrorView.Show(loud.Terminal, Errors[name]);
        Assert.Equal(loud.Error, quiet.Error);
    }
}
