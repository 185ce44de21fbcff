using System.Text;

namespace PgpoolLab.Hosts.Tests;

public sealed class SmallFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4094)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public void A_file_of_any_length_is_read_whole(int length)
    {
        // Letters of two bytes lie across any border.
        var text = new string('ä', length / 2) + new string('x', length % 2);
        var file = _folder["file"];
        File.WriteAllText(file, text);
        Assert.Equal(text, SmallFile.ReadText(file));
    }

    [Fact]
    public void An_editors_byte_order_mark_is_no_text()
    {
        var file = _folder["file"];
        File.WriteAllText(file, "port = 1\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal("port = 1\n", SmallFile.ReadText(file));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("nothing/at/all")]
    [InlineData(".")]
    public void Where_there_is_no_file_there_is_no_text(string name) => Assert.Null(SmallFile.ReadText(_folder[name]));

    [Fact]
    public void A_file_that_does_not_tell_its_length_is_read_whole() =>
        Assert.Equal(File.ReadAllText("/proc/self/cmdline"), SmallFile.ReadText("/proc/self/cmdline"));
}
