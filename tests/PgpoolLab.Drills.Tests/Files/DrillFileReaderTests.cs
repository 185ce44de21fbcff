using PgpoolLab.Drills.Files;
using PgpoolLab.Model;

namespace PgpoolLab.Drills.Tests.Files;

public sealed class DrillFileReaderTests
{
    private static DrillSpec Read(string text, Func<string, string?>? read = null) =>
        DrillFileReader.Parse(text, "mine.yaml", "/drills/mine.yaml", read ?? (_ => null));

    private static string Problems(string text) =>
        string.Join(
            '\n',
            Assert.Throws<InvalidSpecException>(() => Read(text)).Problems.Select(p => p.Say(f => f.ToString()))
        );

    [Fact]
    public void A_drill_of_two_lines_has_everything_else_by_default()
    {
        var drill = Read("steps: [ { at: 3s, kill: primary } ]");
        Assert.Equal(("mine", "mine", 1), (drill.Name, drill.Title, drill.Repeat));
        Assert.Equal(LoadSpec.Default, drill.Load);
        Assert.Equal(UntilSpec.Default, drill.Until);
        Assert.Equal("""{"postgresql":{"slots":true}}""", drill.Lab);
        var step = Assert.Single(drill.Steps);
        Assert.Equal(("kill", 3.0, "fault"), (step.Verb, step.At, step.Kind));
        Assert.Equal(["primary"], step.Words);
    }

    [Fact]
    public void Every_key_is_read()
    {
        var drill = Read(
            """
            drill: A title
            about: What it shows
            lab: { nodes: 3, templates: own, postgresql: { settings: { work_mem: 8MB, fsync: off } } }
            load: { kind: bank, clients: 4, rate: 20.5/s, read-own-writes: 50%, timeout: 2s, reconnect: 100ms }
            app: ./app --fast
            steps:
              - { at: 500ms, cut: node 1 -> node 0, how: stall }
              - { after: 2s, flap: pgpool0 -> primary, on: 400ms, off: 1s, times: 4 }
              - { when: new-primary, after: 1s, resume: node 0 }
              - { every: 500ms x 8, exec: [psql, -c, 'SELECT 1'] }
              - { switchover: }
              - { heal: all }
            until: { writes-steady: 3s, at-most: 2m }
            expect: { rto: "< 1s", lost: 0, doubled: "> 0", two-primaries: <= 300ms }
            matrix: { pgpool.health_check_timeout: [2, 5], postgresql.work_mem: [4MB] }
            repeat: 10
            """
        );
        Assert.Equal(
            """{"nodes":3,"templates":"/drills/own","postgresql":"""
                + """{"settings":{"work_mem":"8MB","fsync":"off"}},"faults":true}""",
            drill.Lab
        );
        Assert.Equal(new LoadSpec("bank", 4, 20.5, 50, 2, 0.1), drill.Load);
        Assert.Equal(new UntilSpec(3, 120), drill.Until);
        Assert.Equal(("./app --fast", 10), (drill.App, drill.Repeat));
        Assert.Equal(["rto < 1s", "lost = 0", "doubled > 0", "two-primaries <= 300ms"], drill.Expects);
        Assert.Equal(
            [
                "pgpool.health_check_timeout=2, postgresql.work_mem=4MB",
                "pgpool.health_check_timeout=5, postgresql.work_mem=4MB",
            ],
            drill.Matrix.Select(v => string.Join(", ", v))
        );
        Assert.Equal(
            [
                "cut node1 node0 --how stall",
                "flap pgpool0 primary --on 400ms --off 1s --times 4",
                "resume 0",
                "exec psql -c SELECT 1",
                "switchover",
                "heal all",
            ],
            drill.Steps.Select(s => string.Join(' ', s.Words.Concat(s.Options).Prepend(s.Verb)))
        );
        Assert.Equal((8, 0.5), (drill.Steps[3].Times, drill.Steps[3].Every));
        Assert.Equal(("new-primary", 1.0), (drill.Steps[2].When, drill.Steps[2].After));
    }

    [Fact]
    public void A_drill_that_fills_a_disk_needs_root_and_gives_disks_to_those_it_may_fill()
    {
        var drill = Read(
            "steps: [ { fill: primary }, { free: node 0 }, { fill: node 2 }, { fill: primary }, { free: 1 } ]"
        );
        Assert.True(drill.NeedsRoot);
        Assert.Equal([0, 2], drill.NodesToFill);
        Assert.Equal(
            ["fill primary fault", "free 0 heal", "fill 2 fault", "fill primary fault", "free 1 heal"],
            drill.Steps.Select(s => $"{s.Verb} {string.Join(' ', s.Words)} {s.Kind}")
        );
    }

    [Fact]
    public void A_drill_that_fills_no_disk_needs_none()
    {
        var drill = Read("steps: [ { kill: primary }, { free: node 0 } ]");
        Assert.False(drill.NeedsRoot);
        Assert.Empty(drill.NodesToFill);
    }

    [Fact]
    public void A_drill_that_extends_another_says_only_what_differs()
    {
        var drill = Read(
            "{ extends: base.yaml, lab: { postgresql: { rewind: true } }, expect: { lost: 0 } }",
            path =>
                path == "/drills/base.yaml"
                    ? "{ lab: { nodes: 3, postgresql: { slots: true } }, load: { clients: 2 }, expect: { rto: 1s }, "
                        + "steps: [ { kill: standby } ] }"
                    : null
        );
        Assert.Equal("""{"nodes":3,"postgresql":{"slots":true,"rewind":true}}""", drill.Lab);
        Assert.Equal(2, drill.Load.Clients);
        Assert.Equal(["lost = 0"], drill.Expects);
        Assert.Equal("kill", drill.Steps[0].Verb);
    }

    [Fact]
    public void A_drill_extends_one_that_the_program_brings() =>
        Assert.Equal("kill", Read("{ extends: primary-dies, repeat: 3 }").Steps[0].Verb);

    [Fact]
    public void Drills_that_extend_each_other_are_refused() =>
        Assert.Contains(
            "without an end",
            string.Join(
                '\n',
                Assert
                    .Throws<InvalidSpecException>(() => Read("extends: a.yaml", _ => "extends: a.yaml"))
                    .Problems.Select(p => p.Say(f => f.ToString()))
            ),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("", "mine.yaml:1:1: there is nothing in it; a drill has steps.")]
    [InlineData("drill: x", "mine.yaml:1:1: there are no steps in it.")]
    [InlineData("steps: []", "mine.yaml:1:8: steps must have at least 1 of its steps; it has 0.")]
    [InlineData(
        "step: [ { kill: primary } ]",
        "mine.yaml:1:1: there is no key 'step' in a drill file. Did you mean steps?"
    )]
    [InlineData(
        "steps: [ { at: 3, kill: primary } ]",
        "mine.yaml:1:16: steps[0].at must be a time such as 500ms, 3s or 1m; 3 is a number in YAML. "
            + "If you mean it, write it in quotes: '3'"
    )]
    [InlineData("steps: [ { kil: primary } ]", "mine.yaml:1:12: steps[0] says not what to do. Did you mean kill?")]
    [InlineData(
        "steps: [ { kill: primary, stop: 1 } ]",
        "mine.yaml:1:27: steps[0] does two things, kill and stop; make two steps of it."
    )]
    [InlineData(
        "steps: [ { kill: primary, how: hole } ]",
        "mine.yaml:1:27: there is no key 'how' for kill; there are at, after, when, every, process."
    )]
    [InlineData(
        "steps: [ { cut: primary } ]",
        "mine.yaml:1:17: steps[0].cut must be a link such as pgpool0 -> node 0; it is 'primary'."
    )]
    [InlineData(
        "steps: [ { kill: primary --json } ]",
        "mine.yaml:1:18: steps[0].kill: options are keys of the step, not words."
    )]
    [InlineData(
        "steps: [ { fill: standby } ]",
        "mine.yaml:1:18: steps[0].fill must be primary or a node such as node 0; it is 'standby'."
    )]
    [InlineData(
        "steps: [ { fill: primary node 1 } ]",
        "mine.yaml:1:18: steps[0].fill must be primary or a node such as node 0; it is 'primary node 1'."
    )]
    [InlineData("steps: [ { fill: } ]", "steps[0].fill must be primary or a node such as node 0;")]
    [InlineData("steps: [ { fill: -1 } ]", "steps[0].fill must be primary or a node such as node 0;")]
    [InlineData(
        "steps: [ { free: primary } ]",
        "mine.yaml:1:18: steps[0].free must be a node such as node 0; it is 'primary'."
    )]
    [InlineData("steps: [ { when: primaty, kill: 1 } ]", "mine.yaml:1:18: steps[0].when must be")]
    [InlineData("steps: [ { at: 1s, after: 1s, kill: 1 } ]", "mine.yaml:1:27: steps[0]: 'at' says when already.")]
    [InlineData(
        "{ steps: [ { kill: 1 } ], expect: { rto: fast } }",
        "mine.yaml:1:42: expect.rto must be a time to compare with, such as < 1s or 0; it is 'fast'."
    )]
    [InlineData(
        "{ steps: [ { kill: 1 } ], expect: { lost: 1s } }",
        "expect.lost must be a number to compare with, such as 0 or > 0; it is '1s'."
    )]
    [InlineData(
        "{ steps: [ { kill: 1 } ], lab: { hosts: [a] } }",
        "mine.yaml:1:34: lab.hosts: a drill makes its lab itself, on this machine."
    )]
    [InlineData(
        "{ steps: [ { kill: 1 } ], load: { rate: 400 } }",
        "load.rate must be a rate such as 400/s; 400 is a number in YAML."
    )]
    [InlineData(
        "{ steps: [ { kill: 1 } ], matrix: { nodes: [1] } }",
        "matrix.nodes: write pgpool.NAME or postgresql.NAME."
    )]
    public void What_is_wrong_is_said_with_its_place(string text, string problem) =>
        Assert.Contains(problem, Problems(text), StringComparison.Ordinal);
}
