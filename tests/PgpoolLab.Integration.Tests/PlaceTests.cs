namespace PgpoolLab.Integration.Tests;

/// <summary>Labs whose folder somebody has copied or moved.</summary>
public sealed class PlaceTests : LifeTests
{
    [Fact]
    public async Task A_copy_and_a_moved_lab_do_nothing_and_destroying_a_copy_costs_the_lab_nothing()
    {
        using var sandbox = await UpAsync(Account.Plain);
        string[] servers = ["data0/postmaster.pid", "data1/postmaster.pid", "run/pgpool.pid"];
        var processes = servers.Select(s => Pid(sandbox, s)).ToArray();
        // A data folder on another disk is the copy's as well. PostgreSQL knows its folder by the name it was started
        // with.
        var copied = (
            await sandbox.ShellAsync(
                """
                mv data1 ../disk && ln -s ../disk data1
                cp -a . ../copy
                cd ../copy
                for command in ./startall ./pgpool_reload 'pgpoollab stopall' 'pgpoollab env'; do
                    $command 2>../said && echo "$command did something"
                    grep -q 'is a copy of the lab' ../said || { echo "$command said:"; cat ../said; }
                done
                data0/basebackup.sh ../lab/data0 localhost ../lab/data1 1 1 2>&1 | grep -c 'is a copy of the lab'
                pgpoollab list
                """
            )
        );
        var copy = Path.Combine(sandbox.Labs, "copy");
        Assert.StartsWith("1\n", copied.Output, StringComparison.Ordinal);
        Assert.Matches(
            $@"(?ms)^lab +copy +0/2 .*^! lab: It is a copy of the lab in {sandbox.Lab}; its configuration names that "
                + $@"folder\.\n  → pgpoollab destroy {copy}$",
            copied.Output
        );
        var destroyed = (await sandbox.RunAsync("destroy", copy)).Ok();
        Assert.Contains(
            $"The copy {copy} of the lab 'lab' is gone, and its folder with it. The lab itself in {sandbox.Lab} "
                + "is as it was.",
            destroyed.Error,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "the link is deleted, and what it leads to is not touched",
            destroyed.Error,
            StringComparison.Ordinal
        );
        Assert.False(Path.Exists(copy));
        Assert.Equal(processes, servers.Select(s => Pid(sandbox, s)));
        await sandbox.UntilNodesShowAsync("both nodes are up", n => n.All(x => Status(x) == "up"));

        // Moved while it runs, and back.
        var moved = (
            await sandbox.ShellAsync(
                """
                mv ../lab ../elsewhere && cd ../elsewhere
                ./stopall 2>&1 | sed -n 's/.*Move it back:  //p' >../back
                pgpoollab stopall 2>&1 | grep -c "$(cat ../back)"
                sh ../back
                """
            )
        ).Ok();
        Assert.Equal("1\n", moved.Output);
        await sandbox.UntilNodesShowAsync("both nodes are up", n => n.All(x => Status(x) == "up"));

        // To a larger disk, and a link in its place: it works as before, and its folder is the real one.
        (
            await sandbox.ShellAsync(
                """
                ./stopall >&2
                mv ../lab ../larger && ln -s larger ../lab && cd ../lab
                ./startall >&2
                pgpoollab stopall
                pgpoollab startall
                """
            )
        ).Ok();
        await sandbox.UntilNodesShowAsync("both nodes are up", n => n.All(x => Status(x) == "up"));
        (await sandbox.RunAsync("destroy", "lab")).Ok();
        Assert.False(Path.Exists(Path.Combine(sandbox.Labs, "larger")));
        Directory.Delete(Path.Combine(sandbox.Labs, "disk"), recursive: true);
        File.Delete(Path.Combine(sandbox.Labs, "said"));
        File.Delete(Path.Combine(sandbox.Labs, "back"));
        sandbox.AssertNothingIsLeft();
    }
}
