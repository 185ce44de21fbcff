using PgpoolLab.Integration.Tests.Endurance;

namespace PgpoolLab.Integration.Tests;

/// <summary>Machines on which no lab can work: it is said before anything is made, and doctor says the same.</summary>
[Trait("Needs", "root")]
public sealed class MachineTests
{
    [Fact]
    public async Task A_machine_without_127_0_0_1_is_refused_and_doctor_says_so()
    {
        using var sandbox = new Sandbox(Account.Root);
        // A network of its own, whose loopback interface is down.
        string[] alone =
        [
            "unshare",
            "--net",
            "sh",
            "-c",
            "ip link set lo down 2>/dev/null; exec pgpoollab \"$@\"",
            "sh",
        ];
        var doctor = (await sandbox.RunProgramAsync([.. alone, "doctor"], sandbox.Labs)).FailedWith(3);
        Assert.Contains(
            "No server can be reached at 127.0.0.1 on this machine.",
            doctor.Output,
            StringComparison.Ordinal
        );
        var setup = (
            await sandbox.RunProgramAsync([.. alone, "setup", "--port", "auto", sandbox.Lab], sandbox.Labs)
        ).FailedWith(3);
        Assert.Contains(
            "No server can be reached at 127.0.0.1 on this machine.",
            setup.Error,
            StringComparison.Ordinal
        );
        Assert.Contains("ip link set lo up", setup.Error, StringComparison.Ordinal);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_machine_on_which_localhost_does_not_resolve_is_refused_and_doctor_says_so()
    {
        using var sandbox = new Sandbox(Account.Root);
        await File.WriteAllTextAsync(sandbox["hosts"], "127.0.0.1 elsewhere\n");
        await File.WriteAllTextAsync(sandbox["nsswitch.conf"], "hosts: files\n");
        string[] Unnamed(string command) =>
            [
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount --bind \"$1/hosts\" /etc/hosts && mount --bind \"$1/nsswitch.conf\" /etc/nsswitch.conf "
                    + $"&& exec pgpoollab {command}",
                "sh",
                sandbox["."],
            ];
        var doctor = (await sandbox.RunProgramAsync(Unnamed("doctor"), sandbox.Labs)).FailedWith(3);
        Assert.Contains(
            "The name localhost does not resolve on this machine.",
            doctor.Output,
            StringComparison.Ordinal
        );
        var setup = (await sandbox.RunProgramAsync(Unnamed("setup --port auto lab"), sandbox.Labs)).FailedWith(3);
        Assert.Contains("The name localhost does not resolve on this machine.", setup.Error, StringComparison.Ordinal);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_folder_from_which_no_program_can_be_run_is_refused_and_doctor_says_so()
    {
        using var sandbox = new Sandbox(Account.Plain);
        using var machine = await PrivateMachine.StartAsync(sandbox, 10_000_000);
        sandbox.Machine = machine;
        machine.Inside("mount", "-o", "remount,noexec", sandbox.Labs);
        var setup = (await sandbox.RunAsync("setup", "--port", "auto", sandbox.Lab)).FailedWith(4);
        Assert.Contains(
            $"{sandbox.Labs} is on a file system from which no program can be run (noexec).",
            setup.Error,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no program can be run (noexec)",
            (await sandbox.RunAsync("doctor")).Output,
            StringComparison.Ordinal
        );
        Assert.Empty(Directory.EnumerateFileSystemEntries(machine.View(sandbox.Labs)));
        Assert.Empty(machine.Remains());
        sandbox.Machine = null;
    }
}
