using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Ssh;

/// <summary>The program that answers on the other side.</summary>
public abstract record AgentProgram
{
    private protected AgentProgram() { }

    /// <summary>This very program, copied there.</summary>
    /// <exception cref="LabException">This is no single program: what it consists of needs a runtime there.</exception>
    public static AgentProgram OfThisProgram() =>
        RuntimeFeature.IsDynamicCodeSupported || Environment.ProcessPath is not { } path
            ? throw new LabException(
                ExitCode.Missing,
                "This pgpoollab needs the .NET runtime beside it, so it cannot be copied to another host."
            )
            {
                Hints = NoAgentException.TwoWays,
            }
            : new CopiedAgent(path);
}

/// <summary>A program of that host.</summary>
/// <param name="Path">Its path there, or its name on PATH; <c>~/</c> is the home there.</param>
public sealed record InstalledAgent(string Path) : AgentProgram;

/// <summary>A program of this machine, which is copied there once.</summary>
public sealed record CopiedAgent : AgentProgram
{
    private const int MostBytes = 1 << 28;
    private readonly Lazy<ProgramFacts> _facts;

    /// <param name="path">The program here.</param>
    public CopiedAgent(string path)
    {
        Path = path;
        _facts = new Lazy<ProgramFacts>(() => ProgramFacts.Of(RegularFile.ReadBytes(path, MostBytes)));
    }

    /// <summary>The program here.</summary>
    public string Path { get; }

    /// <summary>Where copies are kept there, each in a folder that is called by its content; <c>~/</c> is the home
    /// there.</summary>
    public string Folder { get; init; } = "~/.pgpoollab/agent";

    /// <summary>What the file is.</summary>
    internal ProgramFacts Facts => _facts.Value;
}

/// <summary>What a program's file says of where it runs.</summary>
/// <param name="Hash">SHA-256 of its content, in small hexadecimal letters.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Machine">The processor, as uname -m names it; null when that is not seen.</param>
/// <param name="Library">The oldest glibc it runs with; null when that is not seen.</param>
internal sealed record ProgramFacts(string Hash, int Length, string? Machine, Version? Library)
{
    internal static ProgramFacts Of(ReadOnlySpan<byte> file)
    {
        var isProgram = file.Length > 20 && file.StartsWith("\u007fELF"u8);
        return new ProgramFacts(
            Convert.ToHexStringLower(SHA256.HashData(file)),
            file.Length,
            isProgram ? MachineOf(file) : null,
            isProgram ? LibraryOf(file) : null
        );
    }

    /// <remarks>elf(5): e_machine, at 18.</remarks>
    private static string? MachineOf(ReadOnlySpan<byte> file) =>
        (file[18] | (file[19] << 8)) switch
        {
            0x3e => "x86_64",
            0xb7 => "aarch64",
            0xf3 => "riscv64",
            _ => null,
        };

    /// <summary>Symbols have a version that is the library's: GLIBC_2.34.</summary>
    private static Version? LibraryOf(ReadOnlySpan<byte> file)
    {
        var mark = "GLIBC_2."u8;
        Version? newest = null;
        while (file.IndexOf(mark) is >= 0 and var at)
        {
            file = file[(at + mark.Length)..];
            var digits = file[..Math.Min(3, file.Length)];
            var end = digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            var text = Encoding.ASCII.GetString(end < 0 ? digits : digits[..end]);
            if (text.Length > 0 && new Version(2, int.Parse(text)) is var found && (newest is null || found > newest))
            {
                newest = found;
            }
        }

        return newest;
    }
}
