using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Keeping;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Cli.Tests;

/// <summary>The lines of <c>pgpoollab host</c>, as far as they make no lab.</summary>
public sealed class HostServiceTests
{
    private static readonly SortedDictionary<string, bool> Verbs = HostCommand.Verbs(
        AllCommands.Root(new Screen().Terminal, [])
    );

    /// <summary>Sends lines, ends the input, and reads what came; it takes its time to do what is asked.</summary>
    private static async Task<JsonElement[]> AskAsync(params string[] lines)
    {
        var (input, output) = (new Pipe(), new Pipe());
        var host = new LocalHost(TimeProvider.System);
        using var service = new HostService(
            Verbs,
            new ProbeRunner(host, TimeProvider.System),
            output.Writer.AsStream()
        );
        var answered = service.RunAsync(input.Reader.AsStream(), "1.2.3", TestContext.Current.CancellationToken);
        foreach (var line in lines)
        {
            await input.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));
        }

        await input.Writer.CompleteAsync();
        Assert.Empty(await answered);
        await output.Writer.CompleteAsync();
        using var reader = new StreamReader(output.Reader.AsStream());
        return
        [
            .. (await reader.ReadToEndAsync())
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => JsonElement.Parse(l)),
        ];
    }

    [Fact]
    public async Task It_greets_with_its_version_and_that_of_its_lines()
    {
        var greeting = Assert.Single(await AskAsync());
        Assert.Equal("""{"version":"1.2.3","protocol":1}""", greeting.GetRawText());
    }

    [Fact]
    public async Task It_says_that_it_is_there() =>
        Assert.True((await AskAsync("""{"ping":true}"""))[1].GetProperty("pong").GetBoolean());

    [Theory]
    [InlineData("frobnicate", null)]
    [InlineData("""{"id":7,"call":{"call":"frobnicate"}}""", 7)]
    [InlineData("""{"id":7,"call":{"call":"verb"}}""", 7)]
    public async Task A_line_that_is_no_request_is_answered_and_the_next_is_read(string line, int? id)
    {
        var replies = await AskAsync(line, """{"ping":true}""");
        Assert.Equal(3, replies.Length);
        Assert.Equal(id, replies[1].TryGetProperty("id", out var number) ? number.GetInt32() : null);
        var error = replies[1].GetProperty("error");
        Assert.Equal((2, "A line is no request."), (error.GetProperty("code").GetInt32(), Message(error)));
        Assert.True(replies[2].GetProperty("pong").GetBoolean());
    }

    [Theory]
    [InlineData("""{"call":"verb","arguments":["destry"],"lab":"/srv/lab"}""", "'destry' is no command that works")]
    [InlineData("""{"call":"verb","arguments":["agent","x"],"lab":"/srv/lab"}""", "'agent' is no command")]
    [InlineData("""{"call":"verb","arguments":["setup","x"],"lab":"/srv/lab"}""", "'setup' is no command")]
    [InlineData("""{"call":"verb","arguments":["snapshot","x"],"lab":"/srv/lab"}""", "'snapshot' is no command")]
    [InlineData("""{"call":"verb","arguments":[],"lab":"/srv/lab"}""", "'' is no command")]
    [InlineData("""{"arguments":["nodes"],"call":"verb"}""", "It is not said on which lab.")]
    [InlineData("""{"call":"create","from":"clean"}""", "It is not said of which lab the snapshot is.")]
    [InlineData("""{"call":"create","directory":"lab"}""", "'lab' is no folder: it must be absolute.")]
    public async Task What_cannot_be_done_is_refused_with_the_exit_code_of_wrong_usage(string call, string message)
    {
        var replies = await AskAsync($$"""{"id":3,"call":{{call}}}""");
        var error = replies[1].GetProperty("error");
        Assert.Equal((3, 2), (replies[1].GetProperty("id").GetInt32(), error.GetProperty("code").GetInt32()));
        Assert.StartsWith(message, Message(error), StringComparison.Ordinal);
        Assert.StartsWith(Message(error), error.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("snapshot save")]
    [InlineData("snapshot restore")]
    [InlineData("config set")]
    public void A_command_below_another_is_a_verb_and_the_one_above_is_none(string name)
    {
        Assert.True(Verbs[name], "it has --json");
        Assert.DoesNotContain(name.Split(' ')[0], Verbs.Keys);
    }

    [Fact]
    public async Task The_schema_is_answered_and_names_every_call_and_every_verb()
    {
        var schema = (await AskAsync("""{"id":1,"call":{"call":"schema"}}"""))[1].GetProperty("answer");
        Snapshot.Approve("host-schema", HostSchema.Text(Verbs.Keys) + "\n");
        var text = schema.GetRawText();
        foreach (
            var call in typeof(LabCall)
                .GetCustomAttributes(typeof(System.Text.Json.Serialization.JsonDerivedTypeAttribute), inherit: false)
                .Cast<System.Text.Json.Serialization.JsonDerivedTypeAttribute>()
        )
        {
            Assert.Contains($"\"{call.TypeDiscriminator}\"", text, StringComparison.Ordinal);
        }

        Assert.Contains("\"status\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"agent\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public async Task A_group_that_is_guarded_is_ended_with_the_input_unless_it_was_released(bool released, int left)
    {
        using var group = Process.Start(
            new ProcessStartInfo("setsid", ["sh", "-c", "trap '' TERM; echo; while :; do sleep 0.01; done"])
            {
                RedirectStandardOutput = true,
            }
        )!;
        await group.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        var guard = $$$"""{"id":1,"call":{"call":"guard","group":{{{group.Id}}}}}""";
        var release = $$$"""{"id":2,"call":{"call":"release","group":{{{group.Id}}}}}""";
        await AskAsync([guard, .. released ? (string[])[release] : []]);
        // It has ignored what it was asked first.
        Assert.Equal(left == 0, group.WaitForExit(released ? 0 : 60_000));
        if (released)
        {
            ProcessGroup.LedBy(group.Id).TrySignal(ProcessSignal.Kill);
            await group.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    private static string Message(JsonElement error) => error.GetProperty("message").GetString()!;
}
