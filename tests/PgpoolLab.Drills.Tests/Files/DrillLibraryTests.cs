using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using PgpoolLab.Drills.Files;
using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Drills.Tests.Files;

public sealed class DrillLibraryTests
{
    private static readonly JsonSchema Schema = JsonSchema.FromText(DrillSchema.Text());

    public static TheoryData<string> Names => [.. DrillLibrary.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_drill_can_be_read_says_what_it_shows_and_expects_something(string name)
    {
        var drill = DrillFileReader.ReadOwn(name)!;
        Assert.NotEqual(name, drill.Title);
        Assert.NotNull(drill.About);
        Assert.NotEmpty(drill.Expects);
        Assert.All(drill.Title, c => Assert.InRange(c, ' ', '~'));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Editors_find_nothing_wrong(string name)
    {
        var problems = new LabFileProblems(name);
        var node = YamlReader.Read(DrillLibrary.TextOf(name)!, problems)!;
        using var document = JsonDocument.Parse(Json(node)!.ToJsonString());
        var result = Schema.Evaluate(document.RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List });
        Assert.True(
            result.IsValid,
            string.Join(
                " ",
                (result.Details ?? [])
                    .Where(d => d.Errors is not null)
                    .SelectMany(d => d.Errors!.Select(e => $"{d.InstanceLocation}: {e.Value}"))
            )
        );
    }

    [Fact]
    public void There_is_a_drill_for_each_failure_of_the_table() =>
        Snapshot.Approve(
            "drills.txt",
            string.Join(
                '\n',
                DrillLibrary
                    .Names.Select(n => DrillFileReader.ReadOwn(n)!)
                    .Select(d => $"{d.Name}: {string.Join(", ", d.Expects)}")
            ) + "\n"
        );

    [Fact]
    public void The_schema_is_as_approved() => Snapshot.Approve("drill.schema.json", DrillSchema.Text() + "\n");

    private static JsonNode? Json(YamlNode node) =>
        node switch
        {
            YamlMap map => new JsonObject(map.Entries.Select(e => KeyValuePair.Create(e.Key.Text, Json(e.Value)))),
            YamlList list => new JsonArray([.. list.Items.Select(Json)]),
            YamlText { IsNothing: true } => null,
            YamlText { Truth: { } truth } => JsonValue.Create(truth),
            YamlText { IsNumber: true } number => JsonValue.Create(int.Parse(number.Text)),
            YamlText text => JsonValue.Create(text.Text),
            _ => null,
        };
}
