using System.Collections.Concurrent;
using System.ComponentModel;

namespace PgpoolLab.Hosts;

/// <summary>A mount namespace of our own. What is mounted in it nobody else sees, and it is gone, with all its mounts,
/// when the last process in it has ended, whatever has ended that. Needs root, on Linux.</summary>
/// <remarks>Namespaces are a thread's, and those of whatever program that thread starts: so this is a thread, and the
/// rest of this process stays where it was.</remarks>
public sealed class OwnMounts : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;
    private readonly TaskCompletionSource _began = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private OwnMounts()
    {
        _thread = new Thread(Work) { IsBackground = true, Name = "own mounts" };
        _thread.Start();
    }

    /// <summary>Makes one.</summary>
    /// <exception cref="IOException">The system does not let us.</exception>
    public static OwnMounts Create()
    {
        var mounts = new OwnMounts();
        try
        {
            mounts._began.Task.GetAwaiter().GetResult();
            return mounts;
        }
        catch
        {
            mounts.Dispose();
            throw;
        }
    }

    /// <summary>Tries whether this process could make one and mount something in it; nothing stays.</summary>
    /// <returns>Why not, in the system's words; null when it could.</returns>
    public static string? WhyNot()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "mount namespaces are Linux's";
        }

        try
        {
            using var mounts = Create();
            mounts.Do(() =>
            {
                using var top = Posix.OpenTop();
                Posix.MountMemory(top, OwnDisk.Source, 1 << 20);
                return 0;
            });
            return null;
        }
        catch (Exception error) when (error is IOException or Win32Exception)
        {
            return error.Message;
        }
    }

    /// <summary>Does something in it. A program that is started there is in it, and so is whatever that
    /// starts.</summary>
    /// <param name="work">What to do. Of a task only what is done before it waits for the first time is done
    /// there.</param>
    /// <returns>What it returns.</returns>
    public TResult Do<TResult>(Func<TResult> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var done = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        });
        return done.Task.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Work()
    {
        try
        {
            Posix.LeaveMounts();
        }
        catch (Win32Exception error)
        {
            _began.SetException(new IOException($"unshare: {error.Message}", error));
            return;
        }

        _began.SetResult();
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }
}
