using System.Buffers.Binary;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Clusters;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A PostgreSQL whose initdb makes a cluster of a few files: one of each kind there is.</summary>
internal sealed class FakeClusters
{
    internal const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    internal const UnixFileMode PrivateFolder = Private | UnixFileMode.UserExecute;
    internal const ulong Identifier = 0x6A1B2C3D_4E5F6071;
    internal const int SegmentLength = 1 << 20;
    internal const string Segment = "pg_wal/000000010000000000000001";

    private static readonly Toolset Tools = new(
        "/nonexistent/bin",
        new PostgresVersion(99, 1),
        "/nonexistent/pgpool",
        "/nonexistent",
        new PgpoolVersion(4, 6, 0)
    );

    private int _made;

    internal FakeClusters()
    {
        Host = new FakeHost { Run = Run };
    }

    internal FakeHost Host { get; }

    /// <summary>How often initdb was run.</summary>
    internal int Made => _made;

    /// <summary>What else happens while initdb runs.</summary>
    internal Action Meanwhile { get; set; } = () => { };

    /// <summary>What initdb ends with.</summary>
    internal int ExitCode { get; set; }

    internal static ClusterRecipe Recipe(string superuser = "olga") =>
        new(Tools, superuser, null, ["CREATE DATABASE test"]);

    /// <summary>Every file of a folder: its path, its permissions, and what is in it.</summary>
    internal static string[] Contents(string folder) =>
        Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(f =>
                $"{Path.GetRelativePath(folder, f)} {File.GetUnixFileMode(f)} {new FileInfo(f).Length} "
                + $"{Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))}"
            )
            .Concat(
                Directory
                    .EnumerateDirectories(folder, "*", SearchOption.AllDirectories)
                    .Append(folder)
                    .Select(d => $"{Path.GetRelativePath(folder, d)}/ {File.GetUnixFileMode(d)}")
            )
            .Order(StringComparer.Ordinal)
            .ToArray();

    /// <summary>Makes the files of a fresh cluster.</summary>
    internal static void Make(string data)
    {
        foreach (
            var folder in (string[])
                [
                    data,
                    $"{data}/base",
                    $"{data}/base/1",
                    $"{data}/global",
                    $"{data}/pg_wal",
                    $"{data}/pg_wal/archive_status",
                ]
        )
        {
            Directory.CreateDirectory(folder, PrivateFolder);
        }

        var random = new Random(7);
        var table = new byte[8192];
        random.NextBytes(table);
        // Longer than what is read at once, with zeros in between and at the end.
        var large = new byte[700_000];
        random.NextBytes(large.AsSpan(0, 1000));
        random.NextBytes(large.AsSpan(600_000, 77));
        Write("PG_VERSION", "99\n"u8);
        Write("base/1/1259", table);
        Write("base/1/2604", []);
        Write("base/1/1255", large);
        Write("base/1/zeros", new byte[16384]);
        Write("postgresql.conf", "port = 5432\n"u8);
        Write("global/pg_control", ControlFile(Identifier, 296));
        File.SetUnixFileMode($"{data}/postgresql.conf", Private | UnixFileMode.GroupRead);
        var page = new byte[8192];
        random.NextBytes(page.AsSpan(0, 500));
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(24), Identifier);
        Write(Segment, page);
        using (var segment = File.OpenHandle($"{data}/{Segment}", FileMode.Open, FileAccess.Write))
        {
            RandomAccess.SetLength(segment, SegmentLength);
        }

        void Write(string name, ReadOnlySpan<byte> bytes)
        {
            File.WriteAllBytes($"{data}/{name}", bytes);
            File.SetUnixFileMode($"{data}/{name}", Private);
        }
    }

    /// <summary>A control file: 8192 bytes that begin with the identifier; the first ones are followed by their
    /// checksum.</summary>
    internal static byte[] ControlFile(ulong identifier, int length)
    {
        var bytes = new byte[8192];
        new Random(1).NextBytes(bytes.AsSpan(0, length));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, identifier);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(length), Checksum(bytes.AsSpan(0, length)));
        return bytes;
    }

    /// <summary>CRC-32C by its definition, bit by bit.</summary>
    internal static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }

        return ~crc;
    }

    private CommandResult Run(CommandSpec command)
    {
        if (Path.GetFileName(command.Program) != "initdb")
        {
            return new CommandResult(command, 0, "", "", TimeSpan.Zero);
        }

        Interlocked.Increment(ref _made);
        Make(command.Arguments[command.Arguments.ToList().IndexOf("-D") + 1]);
        Meanwhile();
        return new CommandResult(command, ExitCode, "", ExitCode == 0 ? "" : "initdb: error: no", TimeSpan.Zero);
    }
}
