using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Hosts.Tests;

/// <summary>What killed servers leave in the machine's shared memory. Linux only, as the tables of it are.</summary>
public abstract partial class SharedMemoryTests(HostUnderTest under) : IDisposable
{
    private const int HeaderSize = 56;
    private const int Create = 0x200 | 0x400;
    private const int OwnerOnly = 0x180;
    private readonly IHost _host = under.Host;
    private readonly TemporaryFolder _folder = new();
    private readonly List<int> _segments = [];

    public void Dispose()
    {
        under.Dispose();
        GC.SuppressFinalize(this);
        foreach (var segment in _segments)
        {
            _ = Control(segment, 0, 0);
        }

        _folder.Dispose();
    }

    [Fact]
    public async Task What_a_process_that_has_ended_made_is_removed()
    {
        var (process, id) = await MadeByAnotherAsync("--shmem", "100");
        Assert.True(Exists("shm", id));
        Assert.Equal(1, await _host.Memory.RemoveAsync(process, CancellationToken.None));
        Assert.False(Exists("shm", id));
        Assert.Equal(0, await _host.Memory.RemoveAsync(process, CancellationToken.None));
    }

    [Fact]
    public async Task What_a_process_that_lives_made_is_left_alone()
    {
        var id = Segment(Environment.ProcessId);
        await _host.Memory.RemoveAsync(Environment.ProcessId, CancellationToken.None);
        Assert.True(Exists("shm", id));
    }

    [Fact]
    public async Task What_is_in_use_is_left_alone_whoever_made_it()
    {
        var (process, id) = await MadeByAnotherAsync("--shmem", "100");
        _segments.Add(id);
        var address = Attach(id, 0, 0);
        Assert.Equal(0, await _host.Memory.RemoveAsync(process, CancellationToken.None));
        Assert.True(Exists("shm", id));
        _ = Detach(address);
    }

    [Fact]
    public async Task What_a_killed_PostgreSQL_left_is_known_by_its_data_folder_and_removed_with_the_files_it_names()
    {
        var ended = (await MadeByAnotherAsync("--queue")).Process;
        var (control, shared, others) = await NamedFilesAsync();
        var id = Segment(ended, control);
        Assert.Equal(3, await _host.Memory.RemoveAsync(_folder.Path, CancellationToken.None));
        Assert.False(Exists("shm", id));
        Assert.Equal(
            (false, false, true),
            (File.Exists(Name(control)), File.Exists(Name(shared)), File.Exists(Name(others)))
        );
        File.Delete(Name(others));
    }

    [Fact]
    public async Task What_a_killed_PostgreSQL_left_is_removed_by_its_number_with_the_files_it_names()
    {
        var (ended, id) = await MadeByAnotherAsync("--shmem", $"{HeaderSize}");
        var (control, shared, others) = await NamedFilesAsync();
        WriteHeader(id, ended, control, (1, 1));
        Assert.Equal(3, await _host.Memory.RemoveAsync(ended, CancellationToken.None));
        Assert.False(Exists("shm", id));
        Assert.Equal(
            (false, false, true),
            (File.Exists(Name(control)), File.Exists(Name(shared)), File.Exists(Name(others)))
        );
        File.Delete(Name(others));
    }

    [Fact]
    public async Task That_of_another_folder_or_of_a_PostgreSQL_that_lives_is_left_alone()
    {
        var living = Segment(Environment.ProcessId);
        Directory.CreateDirectory(_folder["other"]);
        Assert.Equal(0, await _host.Memory.RemoveAsync(_folder.Path, CancellationToken.None));
        Assert.Equal(0, await _host.Memory.RemoveAsync(_folder["other"], CancellationToken.None));
        Assert.Equal(0, await _host.Memory.RemoveAsync(_folder["nowhere"], CancellationToken.None));
        Assert.True(Exists("shm", living));
    }

    /// <summary>A segment as PostgreSQL makes it: its key is the inode of the data folder, which is also written in
    /// it.</summary>
    private int Segment(int creator, uint control = 0)
    {
        var status = Stat(_folder.Path);
        var key = unchecked((int)status.Inode);
        var id = Get(key, HeaderSize, Create | OwnerOnly);
        while (id < 0)
        {
            id = Get(++key, HeaderSize, Create | OwnerOnly);
        }

        _segments.Add(id);
        WriteHeader(id, creator, control, status);
        return id;
    }

    private static void WriteHeader(int id, int creator, uint control, (ulong Device, ulong Inode) folder)
    {
        var address = Attach(id, 0, 0);
        var header = new byte[HeaderSize];
        BitConverter.TryWriteBytes(header, 679834894);
        BitConverter.TryWriteBytes(header.AsSpan(4), creator);
        BitConverter.TryWriteBytes(header.AsSpan(24), control);
        BitConverter.TryWriteBytes(header.AsSpan(40), folder.Device);
        BitConverter.TryWriteBytes(header.AsSpan(48), folder.Inode);
        Marshal.Copy(header, 0, address, header.Length);
        _ = Detach(address);
    }

    /// <summary>The file that lists the others; one it lists; and one of a slot that nobody uses, whose handle may be
    /// anybody's by now.</summary>
    private static async Task<(uint Control, uint Shared, uint Others)> NamedFilesAsync()
    {
        var (control, shared, others) = (FileInSharedMemory(), FileInSharedMemory(), FileInSharedMemory());
        var items = new byte[16 + 80];
        BinaryPrimitives.WriteUInt32LittleEndian(items, 0x9a503d32);
        BinaryPrimitives.WriteUInt32LittleEndian(items.AsSpan(4), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(items.AsSpan(16), shared);
        BinaryPrimitives.WriteUInt32LittleEndian(items.AsSpan(20), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(items.AsSpan(56), others);
        await File.WriteAllBytesAsync(Name(control), items);
        return (control, shared, others);
    }

    /// <summary>By a program of the system, not by our own code.</summary>
    private static (ulong Device, ulong Inode) Stat(string path)
    {
        using var stat = Process.Start(
            new ProcessStartInfo("stat", ["-c", "%d %i", path]) { RedirectStandardOutput = true }
        )!;
        var numbers = stat.StandardOutput.ReadToEnd().Split(' ');
        return (ulong.Parse(numbers[0]), ulong.Parse(numbers[1]));
    }

    private async Task<(int Process, int Id)> MadeByAnotherAsync(params string[] what)
    {
        using var process = Process.Start(new ProcessStartInfo("ipcmk", what) { RedirectStandardOutput = true })!;
        var id = int.Parse((await process.StandardOutput.ReadToEndAsync()).Split(' ')[^1]);
        await process.WaitForExitAsync();
        if (what[0] == "--queue")
        {
            using var remove = Process.Start("ipcrm", ["-q", $"{id}"]);
            await remove.WaitForExitAsync();
        }

        return (process.Id, id);
    }

    private static uint FileInSharedMemory()
    {
        while (true)
        {
            // Even, as PostgreSQL's are.
            var handle = (uint)Random.Shared.NextInt64(uint.MaxValue) & ~1u;
            if (!File.Exists(Name(handle)))
            {
                File.WriteAllText(Name(handle), "");
                return handle;
            }
        }
    }

    private static string Name(uint handle) => $"/dev/shm/PostgreSQL.{handle}";

    private static bool Exists(string table, int id) =>
        File.ReadLines($"/proc/sysvipc/{table}")
            .Skip(1)
            .Any(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1] == $"{id}");

    [LibraryImport("libc", EntryPoint = "shmget")]
    private static partial int Get(int key, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "shmat")]
    private static partial nint Attach(int id, nint address, int flags);

    [LibraryImport("libc", EntryPoint = "shmdt")]
    private static partial int Detach(nint address);

    [LibraryImport("libc", EntryPoint = "shmctl")]
    private static partial int Control(int id, int command, nint buffer);
}
