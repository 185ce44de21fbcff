using System.Buffers.Binary;
using System.Globalization;
using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Clusters;

/// <summary>The WAL of a cluster that was shut down and has no copies yet. Of all that was written while it was made a
/// start needs nothing but the last checkpoint.</summary>
/// <remarks>PostgreSQL source: <c>catalog/pg_control.h</c> (ControlFileData), <c>access/xlog_internal.h</c>
/// (XLogLongPageHeaderData, XLogFileName).</remarks>
internal static class ClusterWal
{
    private const int CheckpointInControlFile = 32;
    private const int SegmentSizeInHeader = 32;
    private const int PageSizeInHeader = 36;
    private const int HeaderLength = 40;

    /// <summary>Makes a hole of what lies before the last checkpoint in its segment; the segment's first page stays, by
    /// which PostgreSQL knows it.</summary>
    /// <param name="dataDirectory">The cluster.</param>
    /// <returns>False when nothing was done: there is nothing before, or the files are not as this knows
    /// them.</returns>
    internal static bool Forget(string dataDirectory)
    {
        var control = RegularFile.ReadBytes($"{dataDirectory}/global/pg_control", ClusterIdentity.MostControlFile);
        if (control.Length < CheckpointInControlFile + (2 * sizeof(ulong)))
        {
            return false;
        }

        // The checkpoint, and where replaying it begins: for that of a shutdown the same place.
        var checkpoint = BinaryPrimitives.ReadUInt64LittleEndian(control.AsSpan(CheckpointInControlFile));
        var redo = BinaryPrimitives.ReadUInt64LittleEndian(control.AsSpan(CheckpointInControlFile + sizeof(ulong)));
        foreach (var segment in checkpoint == redo ? Directory.EnumerateFiles($"{dataDirectory}/pg_wal") : [])
        {
            using var former = RegularFile.Open(segment);
            var length = RandomAccess.GetLength(former);
            var header = new byte[HeaderLength];
            var complete = RandomAccess.Read(former, header, 0) == header.Length;
            var pageSize = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(PageSizeInHeader));
            if (
                !complete
                || BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(SegmentSizeInHeader)) != length
                || pageSize is < 1024 or > 65536
                || Path.GetFileName(segment) != NameOf(checkpoint, length)
            )
            {
                continue;
            }

            var keep = (long)(checkpoint % (ulong)length) / pageSize * pageSize;
            if (keep <= pageSize)
            {
                return false;
            }

            var fresh = segment + ".new";
            using (var handle = File.OpenHandle(fresh, FileMode.CreateNew, FileAccess.Write))
            {
                RandomAccess.SetLength(handle, length);
                Copy(former, handle, 0, pageSize);
                Copy(former, handle, keep, length);
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(handle, File.GetUnixFileMode(former));
                }
            }

            File.Move(fresh, segment, overwrite: true);
            return true;
        }

        return false;
    }

    /// <summary>The name of the segment a position lies in, on the first timeline.</summary>
    private static string NameOf(ulong position, long segmentLength)
    {
        var number = position / (ulong)segmentLength;
        var perFile = 0x1_0000_0000UL / (ulong)segmentLength;
        return string.Create(CultureInfo.InvariantCulture, $"00000001{number / perFile:X8}{number % perFile:X8}");
    }

    private static void Copy(
        Microsoft.Win32.SafeHandles.SafeFileHandle from,
        Microsoft.Win32.SafeHandles.SafeFileHandle to,
        long begin,
        long end
    )
    {
        var buffer = new byte[1 << 16];
        for (var at = begin; at < end; )
        {
            var read = RandomAccess.Read(from, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
            if (read == 0)
            {
                return;
            }

            RandomAccess.Write(to, buffer.AsSpan(0, read), at);
            at += read;
        }
    }
}
