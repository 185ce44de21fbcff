using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Tests;

public sealed class ProgramAnswersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LocalHost _host = new(TimeProvider.System);

    private string Program => _folder["postgres"];

    private string Kept => _folder["cache/pgpoollab/programs.json"];

    public ProgramAnswersTests() => Executable.Copy("/bin/echo", Program);

    public void Dispose() => _folder.Dispose();

    /// <summary>Each time as another run of this program would.</summary>
    private async Task<string> AskAsync(string argument = "15.18", bool keep = true) =>
        (await new ProgramAnswers(_host, Kept, keep).AskAsync(Program, argument, CancellationToken.None)).Output;

    /// <summary>So that an answer which was kept can be told from one that was given.</summary>
    private void Forge() =>
        File.WriteAllText(Kept, File.ReadAllText(Kept).Replace("15.18\\n", "kept\\n", StringComparison.Ordinal));

    [Fact]
    public async Task A_program_is_asked_once()
    {
        Assert.Equal("15.18\n", await AskAsync());
        Forge();
        Assert.Equal("kept\n", await AskAsync());
        Assert.Equal("other\n", await AskAsync("other"));
        Assert.Equal("kept\n", await AskAsync());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Kept));
    }

    [Fact]
    public async Task Another_program_in_its_place_is_asked_again()
    {
        await AskAsync();
        Forge();
        var (size, time) = (new FileInfo(Program).Length, File.GetLastWriteTimeUtc(Program));
        Executable.Copy(Program, _folder["new"]);
        File.SetLastWriteTimeUtc(_folder["new"], time);
        File.Move(_folder["new"], Program, overwrite: true);
        Assert.Equal((size, time), (new FileInfo(Program).Length, File.GetLastWriteTimeUtc(Program)));
        Assert.Equal("15.18\n", await AskAsync());
        Forge();
        File.SetLastWriteTimeUtc(Program, time.AddSeconds(1));
        Assert.Equal("15.18\n", await AskAsync());
    }

    [Fact]
    public async Task What_a_script_says_is_not_kept()
    {
        Executable.Write(Program, "#!/bin/sh\necho 15.18\n");
        Assert.Equal("15.18\n", await AskAsync());
        Assert.False(File.Exists(Kept));
    }

    [Fact]
    public async Task What_failed_is_not_kept_and_who_must_leave_nothing_keeps_nothing()
    {
        await AskAsync(keep: false);
        Executable.Copy("/bin/false", Program);
        Assert.Equal(
            1,
            (await new ProgramAnswers(_host, Kept).AskAsync(Program, "x", CancellationToken.None)).ExitCode
        );
        Assert.False(Directory.Exists(_folder["cache"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"a\": 1}")]
    [InlineData("null")]
    public async Task What_cannot_be_understood_is_as_if_it_were_not_there(string text)
    {
        Directory.CreateDirectory(
            Path.GetDirectoryName(Kept)!,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        File.WriteAllText(Kept, text);
        Assert.Equal("15.18\n", await AskAsync());
        Forge();
        Assert.Equal("kept\n", await AskAsync());
    }

    [Fact]
    public async Task A_folder_others_can_write_to_takes_no_answers()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Kept)!);
        File.SetUnixFileMode(Path.GetDirectoryName(Kept)!, (UnixFileMode)511);
        Assert.Equal("15.18\n", await AskAsync());
        Assert.False(File.Exists(Kept));
    }

    [Fact]
    [Trait("Needs", "root")]
    public async Task What_another_user_has_written_is_not_believed()
    {
        await AskAsync();
        Forge();
        Identity.Own(Kept, 1, 1);
        Assert.Equal("15.18\n", await AskAsync());
    }
}
