using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace PgpoolLab.Integration.Tests.Endurance;

/// <summary>What is made to go wrong.</summary>
internal enum Fault
{
    /// <summary>Ctrl+C.</summary>
    Interrupt,

    /// <summary>SIGTERM to the tool.</summary>
    Terminate,

    /// <summary>SIGKILL to the tool.</summary>
    KillTool,

    /// <summary>SIGKILL to one of the processes under it: a server, one of a server's children, or a program such as
    /// initdb.</summary>
    KillServer,

    /// <summary>The labs' disk becomes full, and stays so until the command has ended.</summary>
    FillDisk,
}

/// <summary>What lab it is made to go wrong with.</summary>
internal enum LabKind
{
    Slots,
    Archive,
    Clone,
    Watchdog,
    PgpoolSetup,
}

/// <summary>What is wrong with the standard streams the command is given.</summary>
internal enum Streams
{
    Open,
    InputClosed,
    OutputClosed,
    OutputFull,
    ErrorClosed,
    ErrorFull,
}

/// <summary>One run, drawn from the seed and its own number: the same two give the same run.</summary>
/// <param name="Number">Which it is.</param>
/// <param name="Command">The command that is hit.</param>
/// <param name="Fault">What hits it.</param>
/// <param name="Kind">What it works on.</param>
/// <param name="Nodes">How many PostgreSQL servers that has.</param>
/// <param name="Caller">Who calls.</param>
/// <param name="ColdCache">True when there is no cluster in the cache yet, so that initdb has to run.</param>
/// <param name="CacheOnLabsDisk">True when the cache lies on the disk that may become full.</param>
/// <param name="Fraction">The moment, as a part of what the command usually takes; it counts where there is no
/// <paramref name="Step"/>.</param>
/// <param name="Step">The moment: when the lab's log says that its step of this number begins; 0 is when the first of
/// its files appears, before there is a manifest; null when time decides.</param>
/// <param name="Choice">Decides which process is hit, and other such things, from 0 to 1.</param>
/// <param name="Streams">The command's standard streams.</param>
/// <param name="Links">True when the lab's user, who is not the caller, has put links to a folder of root's in the
/// place of his cache and his state.</param>
internal sealed record Plan(
    int Number,
    string Command,
    Fault Fault,
    LabKind Kind,
    int Nodes,
    string Caller,
    bool ColdCache,
    bool CacheOnLabsDisk,
    double Fraction,
    int? Step,
    double Choice,
    Streams Streams,
    bool Links
)
{
    private static readonly string[] Commands =
    [
        "setup",
        "setup",
        "setup",
        "up",
        "startall",
        "startall",
        "stopall",
        "destroy",
        "destroy",
    ];

    internal static Plan Draw(int seed, int number)
    {
        // Not HashCode, which differs from run to run; and not the number as it is: the first draws of neighbouring
        // seeds resemble each other.
        var random = new Random(BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {number}"))));
        var command = Commands[random.Next(Commands.Length)];
        var fault = (Fault)random.Next(5);
        var kind = random.Next(24) switch
        {
            < 11 => LabKind.Slots,
            < 15 => LabKind.Archive,
            < 17 => LabKind.Clone,
            < 19 => LabKind.Watchdog,
            _ => LabKind.PgpoolSetup,
        };
        var nodes = random.Next(5) == 0 ? 1 : 2;
        var caller = random.Next(3) == 0 ? Account.Root : Account.Plain;
        var (cold, sameDisk) = (random.Next(3) == 0, random.Next(2) == 0);
        var fraction = random.NextDouble() * 1.05;
        // destroy writes no log.
        int? step =
            command != "destroy" && random.Next(2) == 0
                ? 1
                    + random.Next(
                        command switch
                        {
                            "startall" => 4,
                            "stopall" => 3,
                            _ => 16,
                        }
                    )
                : null;
        var choice = random.NextDouble();
        if (command is "setup" or "up" && random.Next(4) == 0)
        {
            step = 0;
        }

        var streams = random.Next(3) == 0 ? (Streams)random.Next(1, 6) : Streams.Open;
        var links = caller == Account.Root && random.Next(3) == 0;
        return new Plan(
            number,
            command,
            fault,
            kind,
            nodes,
            caller,
            cold,
            sameDisk,
            fraction,
            step,
            choice,
            streams,
            links
        );
    }

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Command}, {Fault} {(Step is { } step ? $"at step {step}" : $"after {Fraction:P0} of its time")}; "
                + $"{Kind}, {Nodes} node(s), as "
                + $"{Caller}{(ColdCache ? ", cold cache" : "")}{(CacheOnLabsDisk ? ", cache on the labs' disk" : "")}"
                + $"{(Streams is Streams.Open ? "" : $", {Streams}")}{(Links ? ", links" : "")}"
        );
}
