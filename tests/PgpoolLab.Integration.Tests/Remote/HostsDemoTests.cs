using System.Diagnostics;
using System.Text;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>Three hosts that are made on the spot: a virtual IP, a host that dies and comes back, a network that
/// breaks, two primaries. The story is the test: every command in it must succeed, and every fact it waits for come
/// true.</summary>
[Trait("Needs", "root")]
public sealed class HostsDemoTests
{
    /// <summary>The story waits for three minutes in each of its places.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    [Fact]
    public async Task Hosts_die_and_networks_break_and_clients_go_on_at_the_virtual_IP()
    {
        using var demo = Start();
        var (told, said) = (new StringBuilder(), demo.StandardError.ReadToEndAsync());
        await ReadAsync(demo, told, _ => false);
        await demo.WaitForExitAsync();
        var text = told.ToString();
        Assert.True(demo.ExitCode == 0, $"{text}\n{await said}");
        // The primary's host has died.
        Assert.Contains("The virtual IP 10.98.76.100 is on host a.", text, StringComparison.Ordinal);
        Assert.Contains("Host a does not answer", text, StringComparison.Ordinal);
        Assert.Equal(2, text.Split("then it went on, at the same address.").Length - 1);
        // The network was broken, and is whole again: the old primary is still one.
        Assert.Contains("The command partition has cut off", text, StringComparison.Ordinal);
        Assert.Contains("Split brain: node", text, StringComparison.Ordinal);
        // Who watches over it looks a few times a second.
        await NothingIsLeftAsync();
    }

    /// <summary>Whatever becomes of the demo, nothing of it stays.</summary>
    [Fact]
    public async Task A_demo_that_is_killed_leaves_nothing()
    {
        using var demo = Start();
        _ = demo.StandardError.ReadToEndAsync();
        await ReadAsync(
            demo,
            new StringBuilder(),
            l => l.Contains("$ pgpoollab hosts check", StringComparison.Ordinal)
        );
        Assert.NotEmpty(Inside(Mark));
        demo.Kill();
        await demo.WaitForExitAsync();
        await NothingIsLeftAsync();
    }

    private async Task NothingIsLeftAsync()
    {
        var clock = Stopwatch.StartNew();
        while (Inside(Mark).Length > 0)
        {
            Assert.True(clock.Elapsed < Patience, $"Still there: {string.Join(' ', Inside(Mark))}");
            await Task.Delay(50);
        }
    }

    /// <summary>In the environment of all that runs in there; one for each test.</summary>
    private string Mark { get; } = $"PGPOOLLAB_TEST_{Guid.NewGuid():n}";

    private Process Start() =>
        Reaper.Start(
            new ProcessStartInfo(Sandbox.ProgramFile, ["demo", "--hosts"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { [Mark] = "1" },
            }
        );

    private static async Task ReadAsync(Process demo, StringBuilder told, Predicate<string> isEnough)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (await demo.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            told.AppendLine(line);
            if (isEnough(line))
            {
                return;
            }
        }
    }

    private static string[] Inside(string mark) =>
        [
            .. Directory
                .GetDirectories("/proc")
                .Where(d => int.TryParse(Path.GetFileName(d), out _))
                .Where(d => ReadOrNothing($"{d}/environ").Contains(mark, StringComparison.Ordinal))
                .Select(d => Path.GetFileName(d)),
        ];

    private static string ReadOrNothing(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
