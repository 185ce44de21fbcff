using System.Text.Json;
using CsCheck;
using PgpoolLab.Drills.Reports;
using PgpoolLab.Drills.Reports.Pictures;
using PgpoolLab.Drills.Results;
using PgpoolLab.Drills.Tests.Reports;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Drills.Tests.Properties;

/// <summary>Any run, with any texts, has a good picture and a good page.</summary>
public sealed class ReportProperties
{
    private static readonly Gen<double> Moment = Gen.Frequency(
        (8, Gen.Double[-20, 70]),
        (1, Gen.OneOf(0.0, -0.0, -5, 60, 1e9, -1e9, 0.001))
    );

    private static readonly Gen<string> Text = Gen.Frequency(
        (6, Any.Text),
        (1, Gen.OneOf("\0", "\ud800", "\udc00x", "\uFFFF", "<script>alert(1)</script>", "", new string('W', 2000)))
    );

    private static readonly Gen<string> State = Gen.Frequency(
        (5, Gen.OneOf("primary", "standby", "down", "hung")),
        (1, Text)
    );

    private static readonly Gen<string> Outcome = Gen.Frequency(
        (5, Gen.OneOf("unknown", "refused", "not-sent")),
        (1, Text)
    );

    private static readonly Gen<StepDone> Step = Gen.Select(
        Text,
        Text,
        Text.Null(),
        Moment,
        Gen.Double[0, 9],
        Text.Null(),
        Gen.OneOf("fault", "heal", "other", "x"),
        (verb, asked, was, at, took, failed, kind) => new StepDone(verb, asked, was, at, took, failed, kind)
    );

    private static readonly Gen<NodeBand> Band = Gen.Select(
        Gen.Int[0, 5],
        Moment,
        Moment,
        State,
        (node, from, to, state) => new NodeBand(node, Math.Min(from, to), Math.Max(from, to), state)
    );

    private static readonly Gen<EventSeen> Event = Gen.Select(
        Moment,
        Text,
        Gen.Int[-1, 5],
        Text,
        Text,
        (at, kind, node, source, text) => new EventSeen(at, kind, node, source, text)
    );

    private static readonly Gen<ClientLane> Lane = Gen.Select(
        Gen.Int[0, 200],
        Gen.Select(Moment, Moment, (a, b) => new Stretch(Math.Min(a, b), Math.Max(a, b))).Array[0, 3],
        Gen.Select(Moment, Outcome, Text, (at, outcome, text) => new ClientError(at, outcome, text)).Array[0, 5],
        (client, pauses, errors) => new ClientLane(client, pauses, errors)
    );

    private static readonly Gen<WriteSeries> Series = Gen.Select(
        Gen.OneOf(0.1, 0.5, 0.0),
        Gen.Frequency((9, Gen.Int[0, 200]), (1, Gen.OneOf(0, 1, int.MaxValue))).Array[0, 80],
        Gen.Double[0, 20_000].Nullable().Array[0, 80],
        (step, rows, latency) => new WriteSeries(step, rows, latency)
    );

    private static readonly Gen<RtoFacts> Rto = Gen.Select(
        Moment,
        Gen.Double[0, 60],
        Gen.Bool,
        Gen.Bool,
        (from, lasts, never, none) =>
            none ? new RtoFacts(null, null, null, null, 0, false)
            : never ? new RtoFacts(null, from, null, null, 0.1, true)
            : new RtoFacts(lasts, from, from + lasts, new(lasts, lasts, lasts, lasts), 0.1, false)
    );

    private static readonly Gen<DrillRun> Run = Gen.Select(
        Gen.Select(Moment, Gen.Double[0, 100], Text, Text),
        Step.Array[0, 30],
        Gen.Select(Rto, Series, Moment, Gen.Int[0, 900]),
        Gen.Select(Band.Array[0, 8], Event.Array[0, 30], Lane.Array[0, 50]),
        Gen.Select(
            Gen.Select(Moment, Moment, Gen.Int[0, 3].Array[0, 3]).Array[0, 5],
            Gen.Select(Text, Moment, Moment, (what, a, b) => new WhyPart(what, Math.Min(a, b), Math.Max(a, b))).Array[
                0,
                8
            ],
            Text.Array[0, 3]
        ),
        (time, steps, measured, lanes, rest) =>
        {
            var (from, lasts, verdict, sentence) = time;
            var (rto, series, lostFrom, lost) = measured;
            return new DrillRun(
                1,
                from,
                from + lasts,
                verdict,
                sentence,
                steps,
                rto,
                new(lost, 3, lost > 0 ? lostFrom : null, lost > 0 ? lostFrom + 3 : null, rest.Item3),
                new(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
                [.. rest.Item3.Select(t => new ErrorSeen(t, t, t, 1, 0, 1))],
                [
                    .. rest.Item1.Select(p => new PrimariesSeen(
                        Math.Min(p.Item1, p.Item2),
                        Math.Max(p.Item1, p.Item2),
                        p.Item3
                    )),
                ],
                0,
                0,
                lanes.Item1,
                lanes.Item3,
                lanes.Item2,
                rest.Item2,
                series,
                [.. rest.Item3.Select(t => new ExpectationSeen(t, t, false))],
                false,
                rest.Item3
            );
        }
    );

    private static readonly DrillPage Page = new(new TemplateStore(), "0.2.0");

    [Fact]
    public void Any_run_has_a_picture_with_all_of_it_inside() =>
        Run.Sample(
            run =>
            {
                Picture.AssertGood(Timeline.File(run));
                Picture.AssertGood(Timeline.File(run, narrow: true));
            },
            print: Printed
        );

    [Fact]
    public void Any_run_has_a_page_that_is_well_formed_and_holds_no_element_of_its_texts() =>
        Run.Sample(
            run =>
            {
                var result = MadeUp.Hostile();
                var variant = result.Variants[0] with { Runs = [run, run with { Number = 2 }] };
                var page = DrillPageTests.Parsed(
                    Page.Render([result with { Title = run.Sentence, Variants = [variant] }])
                );
                Assert.DoesNotContain(page.Descendants(), e => e.Name.LocalName is "script" or "b" && e.Value == "x");
                _ = MarkdownSummary.Of([result with { Variants = [variant] }]);
            },
            iter: Any.Few,
            print: Printed
        );

    private static string Printed(DrillRun run) => JsonSerializer.Serialize(run, DrillJson.Readable.DrillRun);
}
