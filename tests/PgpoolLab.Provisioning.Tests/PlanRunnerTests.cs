using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

public sealed class PlanRunnerTests
{
    private readonly Recorder _observer = new();

    private sealed class Recorder : ILabEventReader
    {
        private readonly Lock _gate = new();

        internal List<string> Lines { get; } = [];

        internal List<LabEvent> Events { get; } = [];

        public void Read(LabEvent happened)
        {
            lock (_gate)
            {
                Events.Add(happened);
                if (happened is StepEvent step)
                {
                    var phase =
                        step.Phase is StepPhase.Begins ? "start"
                        : step.Phase is StepPhase.Ends ? "done"
                        : "fail";
                    Lines.Add($"{phase} {step.Title}");
                }
            }
        }
    }

    private sealed class Step(string title, Func<CancellationToken, Task> body) : IStep
    {
        public string Title => title;

        public IEnumerable<string> Preview(Lab lab) => [];

        public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken) => body(cancellationToken);
    }

    private sealed class About(string title, StepSubject subject, Exception? error) : IStep
    {
        public string Title => title;

        public StepSubject Subject => subject;

        public IEnumerable<string> Preview(Lab lab) => [];

        public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken) =>
            error is null ? Task.CompletedTask : Task.FromException(error);
    }

    private sealed class Leader(string title, Func<Action, CancellationToken, Task> body) : IStep
    {
        public string Title => title;

        public IEnumerable<string> Preview(Lab lab) => [];

        public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken) =>
            body(context.Release, cancellationToken);
    }

    private static Step Does(string title, Func<CancellationToken, Task>? body = null) =>
        new(title, body ?? (_ => Task.CompletedTask));

    private static Step Fails(string title, Exception error) => new(title, _ => Task.FromException(error));

    private Task<IReadOnlyList<StepFailure>> RunAsync(
        Stage[] stages,
        Action<string>? completed = null,
        CancellationToken cancellationToken = default
    )
    {
        var host = new FakeHost();
        var context = new StepContext(
            host,
            Labs.Fixed(),
            Labs.Renderer(),
            new ProbeRunner(host, TimeProvider.System),
            Labs.Secrets,
            new UndoStack(),
            Serilog.Core.Logger.None,
            TimeProvider.System
        );
        return new PlanRunner(_observer, TimeProvider.System)
            .RunAsync(stages, context, completed, cancellationToken)
            .WaitAsync(TimeSpan.FromMinutes(2), CancellationToken.None);
    }

    [Fact]
    public async Task Stages_and_the_steps_of_a_lane_follow_each_other()
    {
        await RunAsync([
            new Stage([
                [Does("a"), Does("b")],
            ]),
            Stage.Of(Does("c")),
        ]);
        Assert.Equal(["start a", "done a", "start b", "done b", "start c", "done c"], _observer.Lines);
    }

    [Fact]
    public async Task What_happens_is_typed_and_has_the_shape_of_what_events_reads_from_the_log()
    {
        var node = new About("Start node 1", new StepSubject(StepAct.Start, Node: 1), null);
        var pgpool = new About("Stop Pgpool-II 2", new StepSubject(StepAct.Stop, Pgpool: 2), null);
        var promote = new About("Have node 1 take over", new StepSubject(StepAct.Switchover, Node: 1), null);
        await RunAsync([Stage.Of(node), Stage.Of(pgpool), Stage.Of(promote)]);
        Assert.Equal(
            [
                "start-begins 1 step=Start node 1",
                "start-ends 1 step=Start node 1 duration_ms",
                "stop-begins  step=Stop Pgpool-II 2 pgpool=2",
                "stop-ends  step=Stop Pgpool-II 2 pgpool=2 duration_ms",
                "step-begins 1 step=Have node 1 take over act=switchover",
                "step-ends 1 step=Have node 1 take over act=switchover duration_ms",
            ],
            _observer.Events.Select(Told)
        );
        // The same event, from the lab's log.
        var log = new LogSource(LogKind.Tool, null, LabEvent.Tool, "/srv/lab/log/pgpoollab.log");
        var classifier = new EventClassifier(Labs.Fixed(pgpools: 3));
        foreach (var happened in _observer.Events.OfType<StepEvent>().Take(4))
        {
            var milliseconds = (long)happened.Elapsed.TotalMilliseconds;
            var line =
                $"{happened.Title}: {(happened.Phase is StepPhase.Begins ? "begins" : $"done in {milliseconds} ms")}";
            var read = classifier.Classify(new LogLine(happened.At, log, LogLevel.Log, null, "", line))!;
            Assert.Equal((happened.Name, happened.Source, happened.Node), (read.Name, read.Source, read.Node));
            Assert.Equal(happened.Text, read.Text);
            Assert.Equal(happened.Arguments.OrderBy(a => a.Key), read.Arguments.OrderBy(a => a.Key));
        }

        static string Told(LabEvent happened) =>
            $"{happened.Name} {happened.Node} "
            + string.Join(' ', happened.Arguments.Select(a => a.Key == "duration_ms" ? a.Key : $"{a.Key}={a.Value}"));
    }

    [Fact]
    public async Task A_step_that_fails_says_why()
    {
        var error = new LabException(ExitCode.Failed, "no such file");
        await Assert.ThrowsAsync<LabException>(() =>
            RunAsync([Stage.Of(new About("Start node 1", new StepSubject(StepAct.Start, Node: 1), error))])
        );
        var failed = Assert.IsType<StepEvent>(_observer.Events[^1]);
        Assert.Equal(
            (LabEventNames.StepFails, StepPhase.Fails, 1, "no such file", "Start node 1: no such file"),
            (failed.Name, failed.Phase, failed.Node, failed.Error, failed.Text)
        );
    }

    [Fact]
    public async Task Lanes_run_side_by_side()
    {
        var (left, right) = (new TaskCompletionSource(), new TaskCompletionSource());
        // Each waits for the other: one after the other they would never end.
        await RunAsync([
            new Stage([
                [
                    Does(
                        "left",
                        async ct =>
                        {
                            left.SetResult();
                            await right.Task.WaitAsync(ct);
                        }
                    ),
                ],
                [
                    Does(
                        "right",
                        async ct =>
                        {
                            right.SetResult();
                            await left.Task.WaitAsync(ct);
                        }
                    ),
                ],
            ]),
        ]);
        Assert.Equal(2, _observer.Lines.Count(l => l.StartsWith("done", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Lanes_run_side_by_side_even_when_a_step_blocks_its_thread()
    {
        using var barrier = new Barrier(2);
        await RunAsync([
            Stage.ForEach(
                [1, 2],
                i =>
                    [
                        Does(
                            $"{i}",
                            _ =>
                            {
                                Assert.True(barrier.SignalAndWait(TimeSpan.FromMinutes(2), CancellationToken.None));
                                return Task.CompletedTask;
                            }
                        ),
                    ]
            ),
        ]);
    }

    [Fact]
    public async Task Lanes_begin_at_the_word_of_those_that_lead_and_not_at_their_end()
    {
        var second = new TaskCompletionSource();
        await RunAsync([
            new Stage([
                [
                    new Leader(
                        "first",
                        async (release, ct) =>
                        {
                            Assert.False(second.Task.IsCompleted);
                            release();
                            await second.Task.WaitAsync(ct);
                        }
                    ),
                ],
                [
                    Does(
                        "second",
                        _ =>
                        {
                            second.SetResult();
                            return Task.CompletedTask;
                        }
                    ),
                ],
            ])
            {
                Leading = 1,
            },
        ]);
        Assert.Equal(["start first", "start second"], _observer.Lines.Where(l => l.StartsWith("start")));
    }

    [Fact]
    public async Task Lanes_begin_at_the_end_of_those_that_lead_and_say_nothing()
    {
        var failure = new LabException(ExitCode.Failed, "no");
        var stage = new Stage([
            [Fails("silent", failure)],
            [Does("late")],
            [Does("later")],
        ])
        {
            Leading = 1,
            GoesOn = true,
        };
        Assert.Same(failure, Assert.Single(await RunAsync([stage])).Error);
        Assert.Equal(["start silent", "fail silent"], _observer.Lines.Take(2));
        Assert.Contains("done later", _observer.Lines);
        // Where it does not go on, nobody waits for a word that never comes.
        _observer.Lines.Clear();
        await Assert.ThrowsAsync<LabException>(() => RunAsync([stage with { GoesOn = false }]));
        Assert.Equal(["start silent", "fail silent"], _observer.Lines);
    }

    [Fact]
    public async Task A_failure_in_a_stage_that_goes_on_ends_its_lane_alone()
    {
        var failures = await RunAsync([
            new Stage([
                [Fails("a", new LabException(ExitCode.Failed, "no")), Does("b")],
                [Does("c")],
            ])
            {
                GoesOn = true,
            },
            Stage.Of(Does("d")),
        ]);
        Assert.Equal(["a: no"], failures.Select(f => $"{f.Step.Title}: {f.Error.Message}"));
        Assert.DoesNotContain("start b", _observer.Lines);
        Assert.Equal("done d", _observer.Lines[^1]);
        Assert.Same(failures[0].Error, Assert.Throws<LabException>(() => StepFailure.ThrowIfAny(failures)));
        Assert.Equal(
            ExitCode.NotHealthy,
            Assert.Throws<LabException>(() => StepFailure.ThrowIfAny([.. failures, .. failures])).Code
        );
    }

    [Fact]
    public async Task A_failure_ends_the_run_and_is_what_the_caller_gets()
    {
        var cause = new LabException(ExitCode.NotHealthy, "no");
        var error = await Assert.ThrowsAsync<LabException>(() =>
            RunAsync([
                new Stage([
                    [Does("a"), Fails("b", cause), Does("c")],
                ]),
                Stage.Of(Does("d")),
            ])
        );
        Assert.Same(cause, error);
        Assert.Equal(["start a", "done a", "start b", "fail b"], _observer.Lines);
    }

    [Fact]
    public async Task A_failing_lane_stops_the_others_and_waits_for_their_end()
    {
        var working = new TaskCompletionSource();
        var ended = false;
        var cause = new LabException(ExitCode.Failed, "no");
        var error = await Assert.ThrowsAsync<LabException>(() =>
            RunAsync([
                new Stage([
                    [
                        Does(
                            "fails",
                            async _ =>
                            {
                                await working.Task;
                                throw cause;
                            }
                        ),
                    ],
                    [
                        Does(
                            "works",
                            async ct =>
                            {
                                working.SetResult();
                                try
                                {
                                    await Task.Delay(Timeout.Infinite, ct);
                                }
                                finally
                                {
                                    // What is at work takes its time to stop; undoing must not begin before.
                                    await Task.Delay(100, CancellationToken.None);
                                    ended = true;
                                }
                            }
                        ),
                        Does("never"),
                    ],
                ]),
            ])
        );
        Assert.True(ended);
        Assert.Same(cause, error);
        Assert.Contains("fail works", _observer.Lines);
        Assert.DoesNotContain("start never", _observer.Lines);
    }

    [Fact]
    public async Task The_cause_is_told_and_not_that_the_others_were_stopped()
    {
        var working = new TaskCompletionSource();
        var cause = new InvalidOperationException("the cause");
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            RunAsync([
                new Stage([
                    [
                        Does(
                            "is stopped at once",
                            async ct =>
                            {
                                working.SetResult();
                                await Task.Delay(Timeout.Infinite, ct);
                            }
                        ),
                    ],
                    [
                        Does(
                            "fails",
                            async _ =>
                            {
                                await working.Task;
                                throw cause;
                            }
                        ),
                    ],
                ]),
            ])
        );
        Assert.Same(cause, error);
    }

    [Fact]
    public async Task Cancelling_ends_the_run_after_the_step_has_ended()
    {
        using var cancel = new CancellationTokenSource();
        var ended = false;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            RunAsync(
                [
                    Stage.Of(
                        Does(
                            "a",
                            async ct =>
                            {
                                await cancel.CancelAsync();
                                await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                                    Task.Delay(Timeout.Infinite, ct)
                                );
                                await Task.Delay(50, CancellationToken.None);
                                ended = true;
                                ct.ThrowIfCancellationRequested();
                            }
                        )
                    ),
                    Stage.Of(Does("b")),
                ],
                cancellationToken: cancel.Token
            )
        );
        Assert.True(ended);
        Assert.Equal(["start a", "fail a"], _observer.Lines);
    }

    [Fact]
    public async Task A_cancelled_run_says_so_even_when_a_step_answers_with_an_error_of_its_own()
    {
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            RunAsync(
                [
                    Stage.Of(
                        Does(
                            "a",
                            async _ =>
                            {
                                await cancel.CancelAsync();
                                throw new IOException("broken pipe");
                            }
                        )
                    ),
                ],
                cancellationToken: cancel.Token
            )
        );
    }

    [Fact]
    public async Task A_run_that_is_cancelled_before_it_begins_does_nothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            RunAsync([Stage.Of(Does("a"))], cancellationToken: new CancellationToken(canceled: true))
        );
        Assert.Empty(_observer.Lines);
    }

    [Fact]
    public async Task What_is_done_is_told_one_at_a_time()
    {
        var (done, inside) = (new List<string>(), 0);
        await RunAsync(
            [Stage.ForEach(Enumerable.Range(0, 20), i => [Does($"{i}")]), Stage.Of(Does("last"))],
            title =>
            {
                Assert.Equal(1, Interlocked.Increment(ref inside));
                done.Add(title);
                Interlocked.Decrement(ref inside);
            }
        );
        Assert.Equal(21, done.Distinct().Count());
        Assert.Equal("last", done[^1]);
    }

    [Fact]
    public async Task What_was_done_is_undone_last_in_first_out_and_a_failure_stops_nothing()
    {
        var undo = new UndoStack();
        var order = new List<string>();
        foreach (var title in new[] { "first", "second", "third" })
        {
            undo.Push(
                title,
                _ =>
                    title == "second"
                        ? Task.FromException(new IOException("busy"))
                        : Task.FromResult(order).ContinueWith(o => order.Add(title), TaskScheduler.Default)
            );
        }

        var titles = new List<string>();
        Assert.Equal(["second: busy"], await undo.UnwindAsync(titles.Add));
        Assert.Equal(["third", "second", "first"], titles);
        Assert.Equal(["third", "first"], order);
        Assert.Empty(await undo.UnwindAsync(_ => Assert.Fail("All was undone already.")));
    }

    [Fact]
    public async Task What_an_undo_registers_is_undone_too()
    {
        var undo = new UndoStack();
        var inner = false;
        undo.Push(
            "outer",
            _ =>
            {
                undo.Push(
                    "inner",
                    _ =>
                    {
                        inner = true;
                        return Task.CompletedTask;
                    }
                );
                return Task.CompletedTask;
            }
        );
        Assert.Empty(await undo.UnwindAsync(_ => { }));
        Assert.True(inner);
    }

    [Fact]
    public async Task Of_what_there_is_to_undo_what_came_first_can_remain()
    {
        var undone = new List<string>();
        var undo = new UndoStack();
        Push("folder");
        var mark = undo.Count;
        Push("ports");
        Push("node");
        Assert.Empty(await undo.UnwindAsync(_ => { }, mark));
        Assert.Equal(["node", "ports"], undone);
        Push("other ports");
        Assert.Empty(await undo.UnwindAsync(_ => { }));
        Assert.Equal(["node", "ports", "other ports", "folder"], undone);

        void Push(string title) =>
            undo.Push(
                title,
                _ =>
                {
                    undone.Add(title);
                    return Task.CompletedTask;
                }
            );
    }
}
