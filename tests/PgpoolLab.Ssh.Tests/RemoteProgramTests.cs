namespace PgpoolLab.Ssh.Tests;

public sealed class RemoteProgramTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("one\r\ntwo", "one|two")]
    [InlineData("\n\n", "|")]
    [InlineData("far too long\nnext\n", "far t|next")]
    public void Of_each_line_of_a_programs_errors_the_beginning_is_kept(string written, string lines) =>
        Assert.Equal(lines, string.Join('|', RemoteProgram.Lines(new StringReader(written), longest: 5)));

    [Fact]
    public void A_line_without_an_end_does_not_fill_the_memory() =>
        Assert.Equal(500, RemoteProgram.Lines(new StringReader(new string('x', 10_000_000)), 500).Single().Length);
}
