using CsCheck;
using PgpoolLab.Servers.Programs;
using YamlDotNet.Serialization;

namespace PgpoolLab.Provisioning.Tests.Properties;

public sealed class YamlProperties
{
    /// <summary>Takes what is not quoted for a number or a boolean where it can.</summary>
    private static readonly IDeserializer Reader = new DeserializerBuilder()
        .WithAttemptingUnquotedStringTypeDeserialization()
        .Build();

    /// <summary>The other one takes a block for unquoted, too, which the standard does not (YAML 1.2.2,
    /// 3.3.2).</summary>
    private static readonly IDeserializer ReaderOfBlocks = new DeserializerBuilder().Build();

    [Fact]
    public void Any_text_comes_out_of_YAML_as_it_was() =>
        Any.Text.Sample(
            text => Assert.Equal(text, Value($"k: {YamlQuoting.Text(text)}\nafter: x\n")),
            iter: Any.Many,
            print: Any.Shown
        );

    [Fact]
    public void Any_text_comes_out_of_a_block_as_it_was() =>
        Any
            .Text.Array[0, 4]
            .Select(lines => string.Concat(lines.Select(l => l + "\n")))
            .Sample(
                text => Assert.Equal(text, Value($"data:\n  k: {YamlQuoting.Block(text)}\n  after: x\n", "data")),
                iter: Any.Many,
                print: Any.Shown
            );

    /// <summary>So that people can read a configuration file inside of a manifest.</summary>
    [Fact]
    public void A_plain_text_is_a_block_and_what_YAML_cannot_show_is_quoted()
    {
        Assert.Equal("|\n    a = 'b'\n\n      c: #d", YamlQuoting.Block("a = 'b'\n\n  c: #d\n"));
        Assert.StartsWith("\"", YamlQuoting.Block("a\u2028b\n"), StringComparison.Ordinal);
        Assert.StartsWith("\"", YamlQuoting.Block(" a\n"), StringComparison.Ordinal);
        Assert.StartsWith("\"", YamlQuoting.Block("a"), StringComparison.Ordinal);
    }

    private static object? Value(string yaml, string? below = null)
    {
        var read = (below is null ? Reader : ReaderOfBlocks).Deserialize<Dictionary<object, object>>(yaml);
        var map = below is null ? read : (Dictionary<object, object>)read[below];
        Assert.Equal("x", map["after"]);
        return map["k"];
    }
}
