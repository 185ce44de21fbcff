using System.Buffers.Binary;
using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Clusters;

/// <summary>Gives a copy of a cluster a system identifier of its own, as initdb would have: with the same one, servers
/// of two labs would take each other for copies of one cluster. The identifier stands in the control file and in the
/// first page of every WAL file.</summary>
/// <remarks>PostgreSQL source: <c>catalog/pg_control.h</c> (ControlFileData), <c>access/xlog_internal.h</c>
/// (XLogLongPageHeaderData).</remarks>
public static class ClusterIdentity
{
    /// <summary>The shortest and longest control file so far has about 250 to 300 bytes of data before its
    /// checksum.</summary>
    private const int ShortestControlData = 200;
    private const int LongestControlData = 500;
    private const int IdentifierInWal = 24;

    /// <summary>It has 8 KB.</summary>
    internal const int MostControlFile = 1 << 16;
    private const int NonceLength = 32;

    /// <summary>A new identifier, made as PostgreSQL makes it: the time, and something of this process.</summary>
    public static ulong New(DateTimeOffset now)
    {
        var microseconds = (ulong)(now.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10;
        return ((microseconds / 1_000_000) << 32)
            | ((microseconds % 1_000_000) << 12)
            | ((ulong)Random.Shared.Next() & 0xFFF);
    }

    /// <summary>Writes an identifier into a cluster that is shut down.</summary>
    /// <param name="dataDirectory">The cluster.</param>
    /// <param name="identifier">The identifier.</param>
    /// <exception cref="TemplateDamagedException">The control file or the WAL is not as this knows it; nothing was
    /// written.</exception>
    public static void Set(string dataDirectory, ulong identifier)
    {
        try
        {
            Write(dataDirectory, identifier);
        }
        catch (IOException error)
        {
            throw new TemplateDamagedException(error.Message, error);
        }
    }

    private static void Write(string dataDirectory, ulong identifier)
    {
        var control = $"{dataDirectory}/global/pg_control";
        var bytes = RegularFile.ReadBytes(control, MostControlFile);
        var checksumAt =
            FindChecksum(bytes)
            ?? throw new TemplateDamagedException($"{control} has no checksum where one is expected.");
        var former = Read(bytes, 0);
        var segments = Directory
            .EnumerateFiles($"{dataDirectory}/pg_wal")
            .Where(f => Path.GetFileName(f) is { Length: 24 } name && name.All(char.IsAsciiHexDigit))
            .ToArray();
        var header = new byte[IdentifierInWal + sizeof(ulong)];
        foreach (var segment in segments)
        {
            using var handle = RegularFile.Open(segment);
            if (RandomAccess.Read(handle, header, 0) != header.Length || Read(header, IdentifierInWal) != former)
            {
                throw new TemplateDamagedException($"{segment} does not begin with the cluster's identifier.");
            }
        }

        Write(bytes, 0, identifier);
        // What stands before the checksum is secret to a cluster: what it answers in place of users who do not exist.
        System.Security.Cryptography.RandomNumberGenerator.Fill(bytes.AsSpan(checksumAt - NonceLength, NonceLength));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(checksumAt), Checksum(bytes.AsSpan(0, checksumAt)));
        foreach (var segment in segments)
        {
            using var handle = RegularFile.OpenToChange(segment);
            Write(header, IdentifierInWal, identifier);
            RandomAccess.Write(handle, header.AsSpan(IdentifierInWal), IdentifierInWal);
        }

        using var file = RegularFile.OpenToChange(control);
        RandomAccess.Write(file, bytes, 0);
    }

    /// <summary>The identifier of a cluster.</summary>
    public static ulong Of(string dataDirectory) =>
        Read(RegularFile.ReadBytes($"{dataDirectory}/global/pg_control", MostControlFile), 0);

    /// <summary>The control file differs from release to release, but is always followed by its own checksum.</summary>
    private static int? FindChecksum(ReadOnlySpan<byte> bytes)
    {
        for (
            var at = ShortestControlData;
            at <= LongestControlData && at + sizeof(uint) <= bytes.Length;
            at += sizeof(uint)
        )
        {
            if (
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]) is var stored
                && stored != 0
                && stored == Checksum(bytes[..at])
            )
            {
                return at;
            }
        }

        return null;
    }

    /// <summary>CRC-32C, as the processor computes it; the rest of PostgreSQL's is the customary inversion before and
    /// after.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc = System.Numerics.BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }

    private static ulong Read(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private static void Write(Span<byte> bytes, int at, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], value);
}
