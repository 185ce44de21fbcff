using System.Globalization;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Machines;

/// <summary>Looks what a machine is like, by a few questions.</summary>
/// <param name="time">The clock here.</param>
public sealed class MachineSurvey(TimeProvider time)
{
    private const int ClockLooks = 3;

    /// <summary>Where programs are that no system's PATH lacks.</summary>
    private const string UsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>One program, so one round trip. The name of ICU's library has its version.</summary>
    private const string Script = """
        echo "architecture=$(uname -m)"
        echo "libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>&1 | head -n 1)"
        echo "icu=$(ldd "$1/postgres" 2>/dev/null | sed -n 's/.*libicuuc\.so\.\([0-9]*\).*/\1/p' | head -n 1)"
        echo "system=$(. /etc/os-release 2>/dev/null && echo "$PRETTY_NAME")"
        """;

    /// <summary>Looks.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="request">Which PostgreSQL and Pgpool-II are wanted there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<MachineView> LookAsync(
        ReachedMachine machine,
        ToolRequest request,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(machine);
        var host = machine.Host;
        var user = await host.Users.CurrentAsync(cancellationToken);
        var clocks = await ClockAsync(host, cancellationToken);
        var (tools, missing) = await ToolsAsync(host, request, cancellationToken);
        var says = await host.Programs.RunAsync(
            new CommandSpec("/bin/sh", "-c", Script, "sh", tools?.PostgresBin ?? "/nonexistent"),
            cancellationToken
        );
        var facts = says
            .Output.Split('\n')
            .Select(l => l.Split('=', 2))
            .Where(p => p.Length == 2 && p[1].Trim().Length > 0)
            .GroupBy(p => p[0])
            .ToDictionary(g => g.Key, g => g.First()[1].Trim());
        var taken = new List<string>();
        foreach (var (port, use) in PortLayout.From(PortLayout.DefaultPgpool, 1, null).All(1))
        {
            if (await host.Ports.WhoHoldsAsync(port, cancellationToken) is { } holder)
            {
                taken.Add($"{port} ({use}): {holder}");
            }
        }

        return new MachineView(machine.Name)
        {
            Login = machine.Login,
            User = user.Name,
            Home = user.Home,
            Architecture = facts.GetValueOrDefault("architecture"),
            System = facts.GetValueOrDefault("system"),
            CLibrary = facts.GetValueOrDefault("libc"),
            Icu = facts.GetValueOrDefault("icu"),
            Tools = tools,
            Missing = missing,
            ClockAhead = clocks?.Ahead,
            RoundTrip = clocks?.RoundTrip,
            Volume = await host.Files.VolumeAsync(user.Home, cancellationToken),
            CanWrite = await host.Files.CanWriteAsync(user.Home, cancellationToken),
            HasLoopback = await host.Ports.HasLoopbackAsync(cancellationToken),
            OwnAddresses =
            [
                .. (await host.Ports.ResolveAsync(machine.Address, cancellationToken))
                    .Where(a => a.IsOwn)
                    .Select(a => a.Text),
            ],
            TakenPorts = taken,
        };
    }

    private static async Task<(Toolset?, LabException?)> ToolsAsync(
        IHost host,
        ToolRequest request,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var platform = await Platform.DetectAsync(host, cancellationToken);
            return (
                await new ToolFinder(host, platform).FindAsync(
                    request with
                    {
                        SearchPath = UsualPath,
                    },
                    cancellationToken
                ),
                null
            );
        }
        catch (LabException error) when (error.Code is ExitCode.Missing)
        {
            return (null, error);
        }
    }

    /// <summary>Its clock was read somewhere between question and answer: in the middle, as the shortest of several
    /// tries has it.</summary>
    private async Task<(double Ahead, double RoundTrip)?> ClockAsync(IHost host, CancellationToken cancellationToken)
    {
        var looks = new List<(double Took, double Ahead)>();
        for (var i = 0; i < ClockLooks; i++)
        {
            var (begun, clock) = (time.GetTimestamp(), time.GetUtcNow());
            var says = await host.Programs.RunAsync(new CommandSpec("date", "-u", "+%s.%N"), cancellationToken);
            var took = time.GetElapsedTime(begun);
            if (
                !double.TryParse(says.Output.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var theirs)
                || !double.IsFinite(theirs)
            )
            {
                return null;
            }

            var ours = (clock + (took / 2)).ToUnixTimeMilliseconds() / 1000.0;
            looks.Add((took.TotalMilliseconds, theirs - ours));
        }

        var best = looks.MinBy(l => l.Took);
        return (Math.Round(best.Ahead, 3), Math.Round(looks.Select(l => l.Took).Order().ElementAt(ClockLooks / 2), 1));
    }
}
